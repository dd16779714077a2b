"""Strings, which are bytes. Source: ``kernels/string_join_op.cc``, ``string_{lower,upper,strip,length}_op.cc``,
``as_string_op.cc``, ``substr_op.cc``, ``string_to_number_op.cc``, ``reduce_join_op.cc``, ``base64_ops.cc``,
``decode_raw_op.cc``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import BOOL, FLOATS, INTEGERS, STRING, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.kernels.shapes import axis_of

_STRING = DataType.DT_STRING


def _strings(shape: tuple[int, ...], values: list[bytes]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out.reshape(shape)


def _each(call: KernelCall, x: Array, change: Callable[[bytes], bytes]) -> Array:
    call.looped(x)
    return _strings(x.shape, [change(value) for value in x.ravel()])


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _no_encoding(call: KernelCall) -> None:
    if call.text("encoding", "") or call.text("unit", "BYTE") != "BYTE":
        raise EvaluationError("counts characters, not bytes")


def total_bytes(x: Array) -> int:
    """The bytes of all strings together."""
    return sum(map(len, x.ravel()))


@kernel("StringJoin", "strings put together element by element, a separator between them", STRING, outputs=_STRING)
def join(call: KernelCall, *parts: Array) -> Array:
    call.looped(*parts)
    call.alike(*parts)
    separator = _bytes_of(call.text("separator", ""))
    shapes = {part.shape for part in parts if part.ndim}
    if not parts or len(shapes) > 1:
        raise EvaluationError("joins arrays of different shapes")
    shape = next(iter(shapes), ())
    spread = [np.broadcast_to(part, shape) for part in parts]
    call.reserve((sum(map(total_bytes, spread)) + len(separator) * len(parts) * spread[0].size,), np.uint8)
    return _strings(shape, [separator.join(row) for row in zip(*(part.ravel() for part in spread), strict=True)])


@kernel("StringLower", "ASCII letters in lower case", STRING, outputs=_STRING)
def lower(call: KernelCall, x: Array) -> Array:
    _no_encoding(call)
    return _each(call, x, bytes.lower)


@kernel("StringUpper", "ASCII letters in upper case", STRING, outputs=_STRING)
def upper(call: KernelCall, x: Array) -> Array:
    _no_encoding(call)
    return _each(call, x, bytes.upper)


@kernel("StringStrip", "strings without white space at their ends", STRING, outputs=_STRING)
def strip(call: KernelCall, x: Array) -> Array:
    return _each(call, x, bytes.strip)


@kernel("StringLength", "the number of bytes", STRING, outputs=DataType.DT_INT32)
def length(call: KernelCall, x: Array) -> Array:
    call.looped(x)
    _no_encoding(call)
    return np.array([len(value) for value in x.ravel()], np.int32).reshape(x.shape)


@kernel("Substr", "bytes from a position on; an error where a string has no such position", STRING, outputs=_STRING)
def substring(call: KernelCall, x: Array, start: Array, size: Array) -> Array:
    call.looped(x)
    _no_encoding(call)
    call.alike(start, size)
    shape = call.reserve(np.broadcast_shapes(x.shape, start.shape, size.shape), x.dtype)
    cut = []
    for value, at, count in zip(*(np.broadcast_to(each, shape).ravel() for each in (x, start, size)), strict=True):
        first = int(at) + len(value) if at < 0 else int(at)
        if not 0 <= first <= len(value) or count < 0:
            raise EvaluationError(f"takes position {at} of a string of {len(value)} bytes")
        cut.append(value[first : first + int(count)])
    return _strings(shape, cut)


@kernel("AsString", "numbers written as text, as C's printf does", INTEGERS | FLOATS | BOOL, outputs=_STRING)
def as_string(call: KernelCall, x: Array) -> Array:
    call.looped(x)
    precision, width, fill = call.whole("precision", -1), call.whole("width", -1), call.text("fill", "")
    if fill not in ("", " ", "+", "-", "0", "#"):
        raise EvaluationError(f"fills with {fill!r}")
    call.reserve((x.size, max(width, 0) + max(precision, 0)), np.uint8)
    if x.dtype == np.bool_:
        return _strings(x.shape, [b"true" if value else b"false" for value in x.ravel()])
    format_text = "%" + fill + (str(width) if width > -1 else "")
    if x.dtype.kind in "iu":
        if precision > -1 or call.flag("scientific") or call.flag("shortest"):
            raise EvaluationError("writes whole numbers with a precision")
        format_text += "d"
    else:
        format_text += f".{precision}" if precision > -1 else ""
        format_text += "e" if call.flag("scientific") else "g" if call.flag("shortest") else "f"
    return _strings(x.shape, [(format_text % value).encode() for value in x.ravel().tolist()])


# A number as strtod and strto64 read it, hexadecimal ones aside.
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)", re.IGNORECASE)
_WHOLE = re.compile(rb"-?\d{1,19}")


@kernel("StringToNumber", "the numbers that strings spell", STRING, outputs="out_type")
def string_to_number(call: KernelCall, x: Array) -> Array:
    call.looped(x)
    dtype = call.dtype("out_type") if "out_type" in call.attrs else np.dtype(np.float32)
    pattern = _NUMBER if dtype.kind == "f" else _WHOLE
    numbers: list[Any] = []
    for value in x.ravel():
        if not pattern.fullmatch(value.strip()):
            raise EvaluationError(f"finds no number in {value[:40]!r}")
        numbers.append(float(value) if dtype.kind == "f" else int(value))
    return np.array(numbers, dtype).reshape(x.shape)


@kernel("ReduceJoin", "the strings along axes put together, a separator between them", STRING, outputs=_STRING)
def reduce_join(call: KernelCall, x: Array, axes: Array) -> Array:
    call.looped(x)
    separator = _bytes_of(call.text("separator", ""))
    numbers = [axis_of(axis, x.ndim) for axis in axes.ravel().tolist()]
    if len(set(numbers)) < len(numbers):
        raise EvaluationError("joins along one axis twice")
    call.reserve((total_bytes(x) + len(separator) * x.size,), np.uint8)
    kept = [axis for axis in range(x.ndim) if axis not in numbers]
    shape = tuple(x.shape[axis] for axis in kept)
    # Along the axis that is named first strings are put together first.
    rows = np.transpose(x, [*kept, *numbers[::-1]]).reshape(*shape, -1) if x.size else x.reshape(*shape, 0)
    rows = rows.reshape(int(np.prod(shape, dtype=np.int64)), rows.shape[-1])
    if call.flag("keep_dims"):
        shape = tuple(1 if axis in numbers else size for axis, size in enumerate(x.shape))
    return _strings(shape, [separator.join(row) for row in rows])


@kernel("EncodeBase64", "bytes in the web-safe base64 alphabet, padded where the node says so", STRING, outputs=_STRING)
def encode_base64(call: KernelCall, x: Array) -> Array:
    call.reserve((2 * total_bytes(x) + 4 * x.size,), np.uint8)
    padded = call.flag("pad")

    def encode(value: bytes) -> bytes:
        encoded = base64.urlsafe_b64encode(value)
        return encoded if padded else encoded.rstrip(b"=")

    return _each(call, x, encode)


@kernel("DecodeBase64", "the bytes that text in the web-safe base64 alphabet stands for", STRING, outputs=_STRING)
def decode_base64(call: KernelCall, x: Array) -> Array:
    def decode(value: bytes) -> bytes:
        bare = value.rstrip(b"=")
        if not re.fullmatch(rb"[A-Za-z0-9_-]*", bare) or len(bare) % 4 == 1:
            raise EvaluationError("decodes what is no base64")
        return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))

    return _each(call, x, decode)


@kernel("DecodeRaw", "strings of one length as numbers, byte by byte", STRING, outputs="out_type")
def decode_raw(call: KernelCall, x: Array) -> Array:
    call.looped(x)
    dtype = call.dtype("out_type")
    values = x.ravel().tolist()
    size = len(values[0]) if values else 0
    if dtype == np.object_ or any(len(value) != size for value in values) or size % dtype.itemsize:
        raise EvaluationError(f"makes {dtype} of strings whose lengths do not fit")
    call.reserve((total_bytes(x),), np.uint8)
    words = np.frombuffer(b"".join(values), dtype.newbyteorder("<" if call.flag("little_endian", True) else ">"))
    return words.astype(dtype).reshape(*x.shape, size // dtype.itemsize)
