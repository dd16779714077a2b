"""What a log tells of one failure, as values: nothing here knows an index or a build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Runtime = Literal[
    "tensorflow",
    "tflite",
    "tflite-micro",
    "converter",
    "tool",
    "onnxruntime",
    "executorch",
    "pytorch-mobile",
    "android",
    "build",
]
"""Whose message it is: TensorFlow's own runtime, that of TensorFlow Lite, the converter to it, TensorFlow's host tools,
other runtimes, Android and its store, or the compiler and the linker of a build."""


@dataclass(frozen=True, slots=True)
class KernelRow:
    """A row of "Registered kernels:": a kernel that the running binary has.

    ``allowed`` are the constraints, each the name of an attr and the enum names of its types (``DT_FLOAT``).
    """

    device: str
    label: str = ""
    allowed: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class LogFailure:
    """One failure of a log; what the message does not tell is empty, or None where empty says something.

    ``attrs`` are all attrs of the node as the message prints them, without blanks, sorted by name; those that are cut
    are left out, and of very long ones the rest.

    ``kind`` is a word of :data:`opselect.logs.kinds.KINDS`. ``dtypes`` are the attrs of the node that are one data
    type, by enum name; ``device`` is the one that the node asks for or is looked up on (``CPU``), ``devices`` those
    that the binary has. ``rows`` are the kernels that the message lists for the op, None where it lists none at all;
    an empty tuple is ``<no registered kernels>``. ``attr`` is the one attr that it is about, ``signature`` the op
    definition of the binary as the message prints it. ``version`` is that of an operator, ``removed_in`` the version
    of a GraphDef and ``graph_version`` that of the model. ``ops`` and ``custom_ops`` are lists of ops in the message;
    ``listed`` says that nothing but a list tells of them.
    ``file``, ``symbol`` and ``library`` are of errors of compilers, linkers and loaders: the source or object file that
    asks, what it asks for, the library or the header that is named, and ``libraries`` all that are. ``release`` is a
    version of TensorFlow that the message itself names. ``logged_at`` is the line of TensorFlow's source that logged
    it, ``op_kernel.cc:1325``.
    ``text`` is the message with what stands in front of it on its line, the first 4,000 characters of a long one.

    ``lines`` are the first lines of the occurrences, from 1, at most :data:`MAX_LINES`; ``count`` is of all of them.
    """

    kind: str
    runtime: Runtime
    op: str = ""
    node: str = ""
    dtypes: tuple[tuple[str, str], ...] = ()
    attrs: tuple[tuple[str, str], ...] = ()
    device: str = ""
    devices: tuple[str, ...] = ()
    rows: tuple[KernelRow, ...] | None = None
    attr: str = ""
    signature: str = ""
    version: int | None = None
    removed_in: int | None = None
    graph_version: int | None = None
    builtin_code: int | None = None
    node_number: int | None = None
    ops: tuple[str, ...] = ()
    custom_ops: tuple[str, ...] = ()
    listed: bool = False
    file: str = ""
    symbol: str = ""
    library: str = ""
    libraries: tuple[str, ...] = ()
    release: str = ""
    logged_at: str = ""
    text: str = ""
    lines: tuple[int, ...] = ()
    count: int = 1


MAX_LINES = 100
"""Maximum number of lines that a failure names; the count is of all."""
