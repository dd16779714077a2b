#pragma once

struct TfLiteRegistration {
  int (*invoke)(int);
};
