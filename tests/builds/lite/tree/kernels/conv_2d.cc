#include "kernel.h"

KERNEL(builtin, CONV_2D, 5)
