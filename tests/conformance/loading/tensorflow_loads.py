"""What a TensorFlow says to graphs: run by the Python that has it, imports nothing of ours.

    PYTHON_WITH_TENSORFLOW tensorflow_loads.py < GRAPHS

Graphs come as GraphDefs, four bytes of length (little-endian) before each. Printed is a line of JSON for each:
``imported`` is what ``TF_GraphImportGraphDef`` answers, which the Java API calls and which looks at every node;
``created`` what ``TF_ExtendGraph`` of a session of old answers, which is ``Session::Create`` of C++ and looks at
versions, edges and whether ops exist. Both as ``[code, message]``, code 0 for yes.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
MAX_MESSAGE = 400


def library() -> ctypes.CDLL:
    """The library of the wheel that has the C API."""
    import importlib

    folder = Path(str(importlib.import_module("tensorflow").__file__)).parent
    wrapper = "python/_pywrap_tensorflow_internal.so"
    places = [*folder.glob("libtensorflow_cc.so*"), folder / wrapper, folder.parent / "tensorflow_core" / wrapper]
    for place in places:
        if place.exists():
            found = ctypes.CDLL(str(place))
            if hasattr(found, "TF_NewDeprecatedSession"):
                return found
    raise SystemExit("no library of this TensorFlow has the C API")


_POINTER = ctypes.c_void_p


class Api:
    """The few functions that are needed, every pointer an opaque one."""

    def __init__(self) -> None:
        self._library = library()

    def call(self, name: str, *arguments: Any, result: Any = _POINTER) -> Any:
        """One call of the C API: pointers are numbers, a text is bytes and its length follows."""
        function = getattr(self._library, name)
        function.restype = result
        before = (None, *arguments)
        function.argtypes = [
            ctypes.c_char_p if isinstance(argument, bytes) else ctypes.c_size_t if isinstance(last, bytes) else _POINTER
            for last, argument in zip(before, arguments)  # noqa: B905 - Python 3.7 has no strict
        ]
        return function(*arguments)

    def answer(self, name: str, *arguments: Any) -> list[Any]:
        """What a function reports to a status, which is its last argument: code and message."""
        status = self.call("TF_NewStatus")
        self.call(name, *arguments, status, result=None)
        code = self.call("TF_GetCode", status, result=ctypes.c_int)
        message = self.call("TF_Message", status, result=ctypes.c_char_p).decode("utf-8", "replace")
        self.call("TF_DeleteStatus", status, result=None)
        return [code, message[:MAX_MESSAGE]]

    def imported(self, graph: bytes) -> list[Any]:
        """The answer of ``TF_GraphImportGraphDef``."""
        into = self.call("TF_NewGraph")
        options = self.call("TF_NewImportGraphDefOptions")
        buffer = self.call("TF_NewBufferFromString", graph, len(graph))
        found = self.answer("TF_GraphImportGraphDef", into, buffer, options)
        self.call("TF_DeleteBuffer", buffer, result=None)
        self.call("TF_DeleteImportGraphDefOptions", options, result=None)
        self.call("TF_DeleteGraph", into, result=None)
        return found

    def created(self, graph: bytes) -> list[Any]:
        """The answer of ``Session::Create``."""
        status = self.call("TF_NewStatus")
        options = self.call("TF_NewSessionOptions")
        session = self.call("TF_NewDeprecatedSession", options, status)
        found = self.answer("TF_ExtendGraph", session, graph, len(graph))
        self.call("TF_DeleteDeprecatedSession", session, status, result=None)
        self.call("TF_DeleteSessionOptions", options, result=None)
        self.call("TF_DeleteStatus", status, result=None)
        return found


def main() -> None:
    """Answers graph after graph."""
    api = Api()
    graphs = sys.stdin.buffer
    while True:
        head = graphs.read(4)
        if len(head) < 4:
            return
        graph = graphs.read(struct.unpack("<I", head)[0])
        print(json.dumps({"imported": api.imported(graph), "created": api.created(graph)}), flush=True)


if __name__ == "__main__":
    main()
