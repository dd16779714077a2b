#include "register.h"

#include "builtin_op_kernels.h"

namespace tflite {
namespace ops {

namespace custom {
TfLiteRegistration* Register_MFCC();
}  // namespace custom

namespace builtin {

BuiltinOpResolver::BuiltinOpResolver() {
  AddBuiltin(BuiltinOperator_ABS, Register_ABS(), 1, 5);
  AddBuiltin(BuiltinOperator_ADD, Register_ADD(), 1, 5);
  AddBuiltin(BuiltinOperator_AVERAGE_POOL_2D, Register_AVERAGE_POOL_2D(), 1, 3);
  AddBuiltin(BuiltinOperator_CONV_2D, Register_CONV_2D(), 1, 7);
  AddBuiltin(BuiltinOperator_FULLY_CONNECTED, Register_FULLY_CONNECTED(), 1, 9);
  AddBuiltin(BuiltinOperator_MUL, Register_MUL(), 1, 7);
  AddBuiltin(BuiltinOperator_RELU, Register_RELU(), 1, 3);
  AddBuiltin(BuiltinOperator_SOFTMAX, Register_SOFTMAX(), 1, 3);
  AddBuiltin(BuiltinOperator_TANH, Register_TANH(), 1, 3);
  AddCustom("Mfcc", custom::Register_MFCC());
}

}  // namespace builtin
}  // namespace ops
}  // namespace tflite
