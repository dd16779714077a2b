#pragma once

#include "../mutable_op_resolver.h"

namespace tflite {
namespace ops {
namespace builtin {

class BuiltinOpResolver : public MutableOpResolver {
 public:
  BuiltinOpResolver();
};

}  // namespace builtin
}  // namespace ops
}  // namespace tflite
