"""Kernels and op definitions that a binary registers when it starts, read from the code that does it."""
