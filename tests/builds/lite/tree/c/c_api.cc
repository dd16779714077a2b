#include "c_api.h"

#include "../create_op_resolver.h"

extern "C" int TfLiteHasBuiltin(int op, int version) {
  return tflite::CreateOpResolver()->FindOp(static_cast<tflite::BuiltinOperator>(op), version) != nullptr;
}
