"""What code refers to: other functions and data, read from all instructions of a section at once."""
