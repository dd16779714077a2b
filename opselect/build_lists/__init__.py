"""One writer an output, each a thin layer over a template."""
