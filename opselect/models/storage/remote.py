"""Files at URLs, through fsspec and the drivers that are installed for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kernel_index.errors import InputError, OpselectError
from kernel_index.shown import shown_path
from opselect.models.storage.limits import CONNECT_SECONDS, SILENT_SECONDS, TOTAL_SECONDS

_HTTP = ("http", "https")
_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3", "http": "http", "https": "http"}


@contextmanager
def remote(url: str) -> Iterator[tuple[Any, str]]:
    """The file system of a URL and the path in it; whatever a driver raises in the block becomes an InputError.

    No HTTP server is waited for longer than :mod:`opselect.models.storage.limits` says.
    """
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(url, **_options(url))
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
        # A driver's words may spell the URL, which is then shown as everywhere.
        reason = (str(error) or _reason(error)).replace(url, shown_path(url))
        raise InputError(url, f"cannot be read: {reason}", "Check the URL.") from error


def is_http(url: str) -> bool:
    """Whether a URL itself, not one that it is chained to, is one of a web server, which knows no folders."""
    return url.partition("://")[0].lower() in _HTTP


def _options(url: str) -> dict[str, Any]:
    """What fsspec is to tell the drivers of a URL and of those that it is chained to, by scheme."""
    schemes = {link.partition("://")[0] for link in url.split("::")}.intersection(_HTTP)
    if not schemes:
        return {}
    import aiohttp

    waits = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS)
    options = {"client_kwargs": {"timeout": waits}}
    first = url.partition("://")[0]
    return dict.fromkeys(schemes - {first}, options) | (options if first in schemes else {})


def _reason(error: Exception) -> str:
    is_timeout = isinstance(error, TimeoutError) or "Timeout" in type(error).__name__
    return "the server does not answer in time" if is_timeout else type(error).__name__
