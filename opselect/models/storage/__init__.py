"""Where the bytes of models are: files on disk, memory, and whatever fsspec can open."""

from opselect.models.storage.files import OpenFile, open_file, source_of
from opselect.models.storage.joined import JoinedBytes, Piece, piece_size
from opselect.models.storage.limits import MAX_DOWNLOAD, MAX_DOWNLOAD_VARIABLE, parse_size
from opselect.models.storage.pages import Pages
from opselect.models.storage.paths import base_name, folder_of, is_file, is_url, join, list_folder, with_suffix
from opselect.models.storage.sources import FileBytes, MemoryBytes, RemoteBytes, SizedSource, place_in
from opselect.models.storage.writing import write_pieces

__all__ = [
    "MAX_DOWNLOAD",
    "MAX_DOWNLOAD_VARIABLE",
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
    "parse_size",
    "piece_size",
    "place_in",
    "source_of",
    "with_suffix",
    "write_pieces",
]
