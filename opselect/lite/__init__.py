"""TensorFlow Lite: which operators models use, what runtimes have of them, and which functions register them."""
