#pragma once

#include <memory>

#include "mutable_op_resolver.h"

namespace tflite {

std::unique_ptr<MutableOpResolver> CreateOpResolver();

}  // namespace tflite
