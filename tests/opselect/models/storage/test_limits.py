"""Servers that send too much, too slowly, or nothing at all; and what is shown of their URLs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from kernel_index.errors import InputError
from opselect.models.storage import (
    MAX_DOWNLOAD_VARIABLE,
    is_file,
    limits,
    list_folder,
    open_file,
    parse_size,
    source_of,
)

GRAPH = Path(__file__).parents[4] / "fixtures" / "models" / "while_v1.pb"


@pytest.mark.parametrize(
    ("text", "size"), [("10", 10), ("2k", 2048), ("500M", 500 << 20), ("4GiB", 4 << 30), ("1t", 1 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5G", "1e9", "4 apples"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size such as 500M"):
        parse_size(text)


def test_a_file_larger_than_allowed_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec.filesystem("memory").pipe({"/big/a.bin": bytes(2000)})
    monkeypatch.setenv(MAX_DOWNLOAD_VARIABLE, "1k")
    with (
        pytest.raises(InputError, match=r"has more than 1,024 bytes\n.*--max-download"),
        open_file("memory://big/a.bin"),
    ):
        pass
    monkeypatch.setenv(MAX_DOWNLOAD_VARIABLE, "2k")
    with open_file("memory://big/a.bin") as file:
        assert len(file.buffer) == 2000


@contextmanager
def server(kind: str) -> Iterator[str]:
    """The URL, with secrets, of a server: it sends a graph, does not say how large it is, never ends, or is silent."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            data = GRAPH.read_bytes()
            if kind == "silent":
                time.sleep(3)
                return
            self.send_response(200)
            if kind == "plain":
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "HEAD":
                return
            try:
                self.wfile.write(data)
                while kind == "endless":
                    self.wfile.write(bytes(1 << 16))
            except OSError:
                pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://me:SECRET@127.0.0.1:{served.server_port}/m.pb?sig=SECRET"
    finally:
        served.shutdown()
        served.server_close()


@pytest.mark.parametrize("kind", ["plain", "without a size"])
def test_a_file_of_a_web_server(kind: str) -> None:
    pytest.importorskip("aiohttp")
    with server(kind) as url:
        assert is_file(url)
        assert list_folder(url) is None
        assert source_of(url).read(0, 100) == GRAPH.read_bytes()[:100]
        with open_file(url) as file:
            assert file.buffer[:] == GRAPH.read_bytes()


def test_a_file_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setenv(MAX_DOWNLOAD_VARIABLE, "20M")
    problem = "has more than 20,971,520 bytes"
    with server("endless") as url, pytest.raises(InputError, match=problem) as caught, open_file(url):
        pass
    assert "SECRET" not in str(caught.value)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setattr("opselect.models.storage.remote.SILENT_SECONDS", 0.5)
    with server("silent") as url, pytest.raises(InputError) as caught, open_file(url):
        pass
    assert "SECRET" not in str(caught.value)
    assert limits.SILENT_SECONDS <= limits.TOTAL_SECONDS
