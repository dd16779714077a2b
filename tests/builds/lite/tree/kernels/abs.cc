#include "kernel.h"

KERNEL(builtin, ABS, 2)
