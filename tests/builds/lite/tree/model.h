#pragma once

namespace tflite {

class FlatBufferModel;

}  // namespace tflite
