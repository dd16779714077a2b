"""Requirements × index × profile → kernels and files; why something is missing; what mobile builds leave out."""
