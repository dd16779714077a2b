#include "kernel.h"

KERNEL(builtin, FULLY_CONNECTED, 6)
