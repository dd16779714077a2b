"""A C preprocessor made for one job: expand only the text that can lead to a registration."""
