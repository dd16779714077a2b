"""Bytes to graphs: model files, folders and archives, what is in them, and text about them."""
