"""How long a server may take, and how much it may send."""

from __future__ import annotations

import os
import re

from kernel_index.errors import InputError

MAX_DOWNLOAD_VARIABLE = "OPSELECT_MAX_DOWNLOAD"
"""The environment variable with another limit: processes that read models have it, too."""
MAX_DOWNLOAD = "4G"
"""What is copied of one URL at most; a graph has 2 GB at most, and an archive may hold one beside other files."""
CONNECT_SECONDS = 20
"""So long may a server take to answer a connection."""
SILENT_SECONDS = 60
"""So long may it send nothing."""
TOTAL_SECONDS = 3_600
"""So long may one file take, however busily it comes."""

_SIZE = re.compile(r"(?P<number>[0-9]{1,12})(?P<unit>[KMGT]?)(i?B)?", re.IGNORECASE)
_UNITS = ("", "K", "M", "G", "T")


def parse_size(text: str) -> int:
    """Bytes of ``4G``, ``500M`` or ``1000000``, units by 1024; ValueError for anything else."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size such as 500M")
    return int(match["number"]) << 10 * _UNITS.index(match["unit"].upper())


def max_download() -> int:
    """Bytes; InputError where the environment variable holds no size."""
    text = os.environ.get(MAX_DOWNLOAD_VARIABLE) or MAX_DOWNLOAD
    try:
        return parse_size(text)
    except ValueError as error:
        raise InputError(MAX_DOWNLOAD_VARIABLE, str(error)) from None


def check_download(url: str, size: int) -> None:
    """Raises InputError where a file of so many bytes, or one of which so many have come, is too much."""
    limit = max_download()
    if size > limit:
        advice = f"If it is the file that you mean, allow more with --max-download or {MAX_DOWNLOAD_VARIABLE}."
        raise InputError(url, f"has more than {limit:,} bytes", advice)
