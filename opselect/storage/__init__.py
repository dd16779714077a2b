"""Where the bytes of models are: files on disk, memory, and whatever fsspec can open."""

from opselect.storage.files import OpenFile, open_file, source_of
from opselect.storage.joined import JoinedBytes, Piece, piece_size
from opselect.storage.pages import Pages
from opselect.storage.paths import base_name, folder_of, is_file, is_url, join, list_folder, with_suffix
from opselect.storage.sources import FileBytes, MemoryBytes, RemoteBytes, SizedSource, place_in
from opselect.storage.writing import write_pieces

__all__ = [
    "FileBytes",
    "JoinedBytes",
    "MemoryBytes",
    "OpenFile",
    "Pages",
    "Piece",
    "RemoteBytes",
    "SizedSource",
    "base_name",
    "folder_of",
    "is_file",
    "is_url",
    "join",
    "list_folder",
    "open_file",
    "piece_size",
    "place_in",
    "source_of",
    "with_suffix",
    "write_pieces",
]
