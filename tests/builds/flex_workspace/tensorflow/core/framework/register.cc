#include "tensorflow/core/framework/register.h"

std::vector<std::string>& Registered() {
  static std::vector<std::string> names;
  return names;
}

bool Register(const std::string& name) {
  Registered().push_back(name);
  return true;
}
