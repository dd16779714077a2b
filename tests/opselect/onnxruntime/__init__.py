"""ONNX Runtime: which operators models need, with which types."""
