#include "mutable_op_resolver.h"

#include <cstring>

namespace tflite {

const TfLiteRegistration* MutableOpResolver::FindOp(BuiltinOperator op, int version) const {
  for (const Entry& entry : entries_)
    if (!entry.name && entry.op == op && entry.min_version <= version && version <= entry.max_version)
      return entry.registration;
  return nullptr;
}

const TfLiteRegistration* MutableOpResolver::FindOp(const char* op, int version) const {
  for (const Entry& entry : entries_)
    if (entry.name && !std::strcmp(entry.name, op) && entry.min_version <= version && version <= entry.max_version)
      return entry.registration;
  return nullptr;
}

void MutableOpResolver::AddBuiltin(BuiltinOperator op, const TfLiteRegistration* registration, int version) {
  AddBuiltin(op, registration, version, version);
}

void MutableOpResolver::AddBuiltin(BuiltinOperator op, const TfLiteRegistration* registration, int min_version,
                                   int max_version) {
  entries_.push_back({op, nullptr, registration, min_version, max_version});
}

void MutableOpResolver::AddCustom(const char* name, const TfLiteRegistration* registration, int version) {
  AddCustom(name, registration, version, version);
}

void MutableOpResolver::AddCustom(const char* name, const TfLiteRegistration* registration, int min_version,
                                  int max_version) {
  entries_.push_back({BuiltinOperator_CUSTOM, name, registration, min_version, max_version});
}

}  // namespace tflite
