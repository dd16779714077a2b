#pragma once

// Whether an interpreter of the C API has an operator.
extern "C" int TfLiteHasBuiltin(int op, int version);
