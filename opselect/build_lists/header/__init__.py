"""``ops_to_register.h``: the header by which TensorFlow registers kernels one by one; written, and read back."""
