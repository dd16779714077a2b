"""The macro of TensorFlow Lite that makes shared libraries."""

# buildifier: disable=unused-variable
def tflite_cc_shared_object(name, per_os_targets = False, linkopts = [], **kwargs):
    """A shared library.

    Args:
      name: Name of the target.
      per_os_targets: Whether each platform has its own name of file.
      linkopts: Options of the linker.
      **kwargs: What else the rule takes.
    """
    native.cc_binary(
        name = "lib%s.so" % name,
        linkopts = linkopts,
        linkshared = 1,
        **kwargs
    )
    native.alias(
        name = name,
        actual = ":lib%s.so" % name,
    )
