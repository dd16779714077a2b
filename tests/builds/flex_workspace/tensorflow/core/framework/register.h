// What sources of the stand-in register.
#ifndef TENSORFLOW_CORE_FRAMEWORK_REGISTER_H_
#define TENSORFLOW_CORE_FRAMEWORK_REGISTER_H_

#include <string>
#include <vector>

std::vector<std::string>& Registered();
bool Register(const std::string& name);

#endif  // TENSORFLOW_CORE_FRAMEWORK_REGISTER_H_
