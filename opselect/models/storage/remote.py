"""Files at URLs, through fsspec and the drivers that are installed for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kernel_index.errors import InputError, OpselectError

_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3", "http": "http", "https": "http"}


@contextmanager
def remote(url: str) -> Iterator[tuple[Any, str]]:
    """The file system of a URL and the path in it; whatever a driver raises in the block becomes an InputError."""
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(url)
        yield files, path
    except OpselectError:
        raise
    except ImportError as error:
        extra = _EXTRAS.get(url.partition("://")[0])
        advice = f"Install it: pip install 'opselect[{extra}]'." if extra else "Install the driver that fsspec names."
        raise InputError(url, f"the driver for such URLs is missing: {error}", advice) from error
    except FileNotFoundError as error:
        raise InputError(url, "there is no such file", "Check the URL.") from error
    except Exception as error:
        # Drivers raise what their own libraries raise: there is no common base class to name.
        raise InputError(url, f"cannot be read: {str(error) or type(error).__name__}", "Check the URL.") from error
