#pragma once

#include <vector>

#include "core/api/op_resolver.h"

namespace tflite {

class MutableOpResolver : public OpResolver {
 public:
  const TfLiteRegistration* FindOp(BuiltinOperator op, int version) const override;
  const TfLiteRegistration* FindOp(const char* op, int version) const override;
  void AddBuiltin(BuiltinOperator op, const TfLiteRegistration* registration, int version = 1);
  void AddBuiltin(BuiltinOperator op, const TfLiteRegistration* registration, int min_version, int max_version);
  void AddCustom(const char* name, const TfLiteRegistration* registration, int version = 1);
  void AddCustom(const char* name, const TfLiteRegistration* registration, int min_version, int max_version);

 private:
  struct Entry {
    BuiltinOperator op;
    const char* name;
    const TfLiteRegistration* registration;
    int min_version, max_version;
  };
  std::vector<Entry> entries_;
};

}  // namespace tflite
