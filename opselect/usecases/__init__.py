"""One question a function: what the command line and Python programs call."""
