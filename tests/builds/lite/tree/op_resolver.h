#pragma once

#include "core/api/op_resolver.h"
#include "mutable_op_resolver.h"
