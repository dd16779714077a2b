#include "kernel.h"

KERNEL(builtin, ADD, 3)
