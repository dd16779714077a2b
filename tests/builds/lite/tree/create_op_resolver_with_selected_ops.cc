#include "create_op_resolver.h"

void RegisterSelectedOps(::tflite::MutableOpResolver* resolver);

namespace tflite {

std::unique_ptr<MutableOpResolver> CreateOpResolver() {
  auto resolver = std::make_unique<MutableOpResolver>();
  RegisterSelectedOps(resolver.get());
  return resolver;
}

}  // namespace tflite
