#include "kernel.h"

KERNEL(builtin, AVERAGE_POOL_2D, 4)
