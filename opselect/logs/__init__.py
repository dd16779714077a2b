"""Logs of phones, desktops, converters and linkers → the failures in them that this project is about."""
