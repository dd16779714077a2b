"""Which operator kernels does a mobile TensorFlow build need, and what must the build files say?"""

from typing import TYPE_CHECKING

from kernel_index.errors import OpselectError

__version__ = "0.1.0"

__all__ = ["OpselectError", "__version__", "open_checkpoint"]

if TYPE_CHECKING:
    from opselect.models.formats.checkpoint import open_checkpoint
else:

    def __getattr__(name):
        """Names that need NumPy are imported when they are first used."""
        if name == "open_checkpoint":
            from opselect.models.formats.checkpoint import open_checkpoint

            return open_checkpoint
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
