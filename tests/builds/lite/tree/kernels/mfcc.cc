#include "kernel.h"

KERNEL(custom, MFCC, 30)
