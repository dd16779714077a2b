"""Which operator kernels does a mobile TensorFlow build need, and what must the build files say?"""

from kernel_index.errors import OpselectError

__version__ = "0.1.0"

__all__ = ["OpselectError", "__version__"]
