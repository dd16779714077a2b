"""The words of a text, and the data types that it puts in the place of a template parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from kernel_index.datatypes import DataType, from_cpp
from kernel_index.preprocessor.tokens import identifiers

_NOT_FOR_KERNELS = (
    "static_cast", "reinterpret_cast", "numeric_limits", "vector", "ArraySlice", "MutableArraySlice", "Span",
    "InlinedVector", "array", "Matrix", "DSizes",
)  # fmt: skip
# Patterns that begin with a character and look back from there: the search for it is fast, that for "\b" is not.
_NAMES = "|".join(rf"{name[0]}(?<!\w{name[0]}){name[1:]}" for name in _NOT_FOR_KERNELS)
_NO_KERNEL_TEMPLATE = re.compile(rf"(?:{_NAMES})\s*<[^<>;(){{}}]*>")
_COMPLEX = re.compile(r"\bcomplex\s*<\s*(float|double)\s*>")
_EXTERN_TEMPLATE = re.compile(r"\bextern\s+template\b[^;]*;")
_SPELLINGS = (
    "float|double|half|bfloat16|int|bool|string|tstring|complex64|complex128|u?int(?:2|4|8|16|32|64)(?:_t)?|"
    "q?u?int(?:8|16|32)|Q(?:U?)Int(?:8|16|32)|float8_e5m2(?:fnuz)?|float8_e4m3(?:fn|fnuz|b11fnuz)|"
    "Variant|ResourceHandle|long long|unsigned char|signed char|short|unsigned short|"
    "unsigned|unsigned int|unsigned long long"
)
_QUALIFIED = rf"(?=[\w:])(?:\w*::)*(?=[a-zA-Z])({_SPELLINGS})"
_TEMPLATE_ARGUMENT = re.compile(rf"[<,=]\s*{_QUALIFIED}(?=\s*[>,;])")
_MACRO_CALL = re.compile(r"[A-Z](?<!\w[A-Z])[A-Z0-9_]+\s*\(([^()]*)\)")
_MACRO_ARGUMENT = re.compile(rf"(?:^|,)\s*{_QUALIFIED}(?=\s*(?:,|$))")
_TYPEDEF = re.compile(rf"\btypedef\s+{_QUALIFIED}\b")

TYPE_MARK = "<"
"""Begins the word that stands for a data type in the place of a template argument."""

TYPE_LIST = "TF_CALL_"
"""Begins the names of macros that call another with data types."""

_PARTS = {DataType.DT_COMPLEX64.name: DataType.DT_FLOAT.name, DataType.DT_COMPLEX128.name: DataType.DT_DOUBLE.name}


def words_of(text: str) -> set[str]:
    """The identifiers of a text; a data type that may be a template argument comes with its mark, too.

    What ``extern template`` names is not used there, so it is left out.
    """
    if "extern" in text:
        text = _EXTERN_TEMPLATE.sub(" ", text)
    words = set(identifiers(text))
    if "<" in text or "(" in text:
        bare = _NO_KERNEL_TEMPLATE.sub(" ", text) if "<" in text else text
        words.update(map(_marked, _TEMPLATE_ARGUMENT.findall(bare)))
        for arguments in _MACRO_CALL.findall(bare):
            words.update(map(_marked, _MACRO_ARGUMENT.findall(arguments)))
        if "typedef" in words:
            words.update(map(_marked, _TYPEDEF.findall(bare)))
        if "complex" in words:
            words.update(f"{TYPE_MARK}complex<{part}>" for part in _COMPLEX.findall(bare))
    return words


def _marked(spelling: str) -> str:
    return TYPE_MARK + spelling


def types_in(arguments: Sequence[str]) -> tuple[str, ...]:
    """The enum names of the data types among the tokens of template arguments, each once and sorted."""
    text = "".join(arguments)
    found = {from_cpp(part) for part in _COMPLEX.sub(r"complex<\1>", text).split(",")}
    return tuple(sorted(dtype.name for dtype in found if dtype is not None))


def types_of(words: Iterable[str], type_lists: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    """The enum names of the data types that marked words and names of type lists stand for; None for any.

    Complex numbers bring the type of their parts, and float is always among them: kernels add half-precision numbers
    up in it (``AccumulatorType`` in ``framework/numeric_types.h`` and the like).
    """
    spellings: list[str] = []
    for word in words:
        if word.startswith(TYPE_MARK):
            spellings.append(word[len(TYPE_MARK) :])
        elif word in type_lists:
            spellings += type_lists[word]
        else:
            return None
    names = {dtype.name for dtype in map(from_cpp, spellings) if dtype is not None}
    return frozenset(names | {_PARTS[name] for name in names & _PARTS.keys()} | {DataType.DT_FLOAT.name})
