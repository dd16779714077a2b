#include "kernel.h"

KERNEL(builtin, SOFTMAX, 8)
