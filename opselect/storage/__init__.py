"""Where the bytes of models are: files on disk, memory, and whatever fsspec can open."""

from opselect.storage.files import OpenFile, open_file, source_of
from opselect.storage.pages import Pages
from opselect.storage.paths import base_name, is_file, is_url, join, list_folder
from opselect.storage.sources import FileBytes, MemoryBytes, RemoteBytes, SizedSource, place_in

__all__ = [
    "FileBytes",
    "MemoryBytes",
    "OpenFile",
    "Pages",
    "RemoteBytes",
    "SizedSource",
    "base_name",
    "is_file",
    "is_url",
    "join",
    "list_folder",
    "open_file",
    "place_in",
    "source_of",
]
