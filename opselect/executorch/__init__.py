"""ExecuTorch: which operators programs need, and with which dtypes."""
