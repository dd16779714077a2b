#pragma once

namespace tflite {

enum BuiltinOperator {
  BuiltinOperator_ADD = 0,
  BuiltinOperator_AVERAGE_POOL_2D = 1,
  BuiltinOperator_CONV_2D = 3,
  BuiltinOperator_FULLY_CONNECTED = 9,
  BuiltinOperator_MUL = 18,
  BuiltinOperator_RELU = 19,
  BuiltinOperator_SOFTMAX = 25,
  BuiltinOperator_TANH = 28,
  BuiltinOperator_CUSTOM = 32,
  BuiltinOperator_ABS = 101,
};

}  // namespace tflite
