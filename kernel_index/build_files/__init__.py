"""The build files of a TensorFlow checkout: which sources a release's own mobile builds compile."""
