// Prints what is linked and registered, a name a line.
#include <iostream>

#include "tensorflow/core/framework/register.h"

int main() {
  for (const std::string& name : Registered()) std::cout << name << "\n";
}
