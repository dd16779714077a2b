#include "kernel.h"

KERNEL(builtin, RELU, 20)
KERNEL(builtin, TANH, 21)
