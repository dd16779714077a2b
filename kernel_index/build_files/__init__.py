"""The build files of a TensorFlow checkout: which sources a release's own mobile builds compile."""

from kernel_index.build_files.labels import Label, label_of_path, parse_label
from kernel_index.build_files.lists import KERNELS_PACKAGE, MAKEFILE_LIST, read_build_lists

__all__ = ["KERNELS_PACKAGE", "MAKEFILE_LIST", "Label", "label_of_path", "parse_label", "read_build_lists"]
