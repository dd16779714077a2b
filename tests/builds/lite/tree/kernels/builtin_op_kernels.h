#pragma once

#include "../core/c/common.h"

namespace tflite {
namespace ops {
namespace builtin {

TfLiteRegistration* Register_ABS();
TfLiteRegistration* Register_ADD();
TfLiteRegistration* Register_AVERAGE_POOL_2D();
TfLiteRegistration* Register_CONV_2D();
TfLiteRegistration* Register_FULLY_CONNECTED();
TfLiteRegistration* Register_MUL();
TfLiteRegistration* Register_RELU();
TfLiteRegistration* Register_SOFTMAX();
TfLiteRegistration* Register_TANH();

}  // namespace builtin
}  // namespace ops
}  // namespace tflite
