"""ELF files: shared objects, executables, objects and archives of them."""
