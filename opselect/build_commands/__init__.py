"""What a build passes to its compiler → the macros that its files are compiled with, and where each comes from."""
