"""Where a checkout keeps the build files that are read, from its root."""

KERNELS_PACKAGE = "tensorflow/core/kernels"
"""The package whose BUILD file has the mobile filegroups."""

MAKEFILE = "tensorflow/contrib/makefile/Makefile"

MAKEFILE_LIST = "tensorflow/contrib/makefile/tf_op_files.txt"
"""The list that the makefile compiles, one path a line."""
