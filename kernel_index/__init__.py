"""C++ kernel sources in, an index of kernel registrations and op definitions out.

This package knows nothing of models, templates or the command line.
"""

__version__ = "1.0.0"
"""Of both packages, which are one distribution."""
