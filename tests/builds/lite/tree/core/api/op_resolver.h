#pragma once

#include "../../schema/schema_generated.h"
#include "../c/common.h"

namespace tflite {

class OpResolver {
 public:
  virtual const TfLiteRegistration* FindOp(BuiltinOperator op, int version) const = 0;
  virtual const TfLiteRegistration* FindOp(const char* op, int version) const = 0;
  virtual ~OpResolver() = default;
};

}  // namespace tflite
