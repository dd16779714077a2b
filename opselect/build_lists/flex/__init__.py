"""A Flex delegate of TensorFlow Lite that Bazel builds of just the selected files, on every platform."""
