#pragma once

#include "../core/c/common.h"

// A kernel: code and 4,096 bytes of a table, which a program has where something refers to its registration.
#define KERNEL(room, OP, factor)                                                        \
  namespace tflite {                                                                    \
  namespace ops {                                                                       \
  namespace room {                                                                      \
  extern const int kTable_##OP[1024] = {factor};                                        \
  int Eval_##OP(int x) { return x * kTable_##OP[(x - 1) & 1023] + factor; }             \
  TfLiteRegistration* Register_##OP() {                                                 \
    static TfLiteRegistration registration = {Eval_##OP};                               \
    return &registration;                                                               \
  }                                                                                     \
  }                                                                                     \
  }                                                                                     \
  }
