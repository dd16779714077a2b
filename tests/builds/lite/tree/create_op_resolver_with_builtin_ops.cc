#include "create_op_resolver.h"
#include "kernels/register.h"

namespace tflite {

std::unique_ptr<MutableOpResolver> CreateOpResolver() { return std::make_unique<ops::builtin::BuiltinOpResolver>(); }

}  // namespace tflite
