#include "kernel.h"

KERNEL(builtin, MUL, 7)
