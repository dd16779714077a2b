// Prints a line for each operator and version that the program's resolver has: what it is called, the version, and what
// its kernel makes of 1.
#include <cstdio>

#include RESOLVER
#include REGISTER
#include C_HEADER

#ifdef NAMESPACE
namespace NAMESPACE {
void RegisterSelectedOps(::tflite::MutableOpResolver* resolver);
}
using NAMESPACE::RegisterSelectedOps;
#else
void RegisterSelectedOps(::tflite::MutableOpResolver* resolver);
#endif

static const struct {
  tflite::BuiltinOperator op;
  const char* name;
} kBuiltins[] = {
    {tflite::BuiltinOperator_ABS, "ABS"},         {tflite::BuiltinOperator_ADD, "ADD"},
    {tflite::BuiltinOperator_CONV_2D, "CONV_2D"}, {tflite::BuiltinOperator_AVERAGE_POOL_2D, "AVERAGE_POOL_2D"},
    {tflite::BuiltinOperator_MUL, "MUL"},         {tflite::BuiltinOperator_FULLY_CONNECTED, "FULLY_CONNECTED"},
    {tflite::BuiltinOperator_RELU, "RELU"},       {tflite::BuiltinOperator_SOFTMAX, "SOFTMAX"},
    {tflite::BuiltinOperator_TANH, "TANH"},
};

int main() {
#if defined(C_API)
  for (auto& each : kBuiltins)
    for (int version = 1; version < 10; ++version)
      if (TfLiteHasBuiltin(each.op, version)) std::printf("%s %d\n", each.name, version);
#else
#ifdef EVERYTHING
  tflite::ops::builtin::BuiltinOpResolver resolver;
#else
  tflite::MutableOpResolver resolver;
  RegisterSelectedOps(&resolver);
#endif
  for (auto& each : kBuiltins)
    for (int version = 1; version < 10; ++version)
      if (auto* found = resolver.FindOp(each.op, version))
        std::printf("%s %d %d\n", each.name, version, found->invoke(1));
  for (const char* name : {"Mfcc", "MyOp", "FlexInv"})
    for (int version = 1; version < 10; ++version)
      if (auto* found = resolver.FindOp(name, version)) std::printf("%s %d %d\n", name, version, found->invoke(1));
#endif
}
