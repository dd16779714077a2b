"""ONNX Runtime: which operators models need, with which types, and what its optimisers add to them."""
