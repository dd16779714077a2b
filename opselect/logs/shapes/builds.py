"""Compilers and linkers of builds that lack files of TensorFlow, or of a library that it uses."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.logs.message import LogMessage
from opselect.logs.records import MAX_LINES, LogFailure
from opselect.logs.shapes.names import last_word
from opselect.logs.shapes.shape import MessageShape, Told

_OWN = re.compile(r"tensorflow|tflite|litert|tsl::|xla::", re.IGNORECASE)
"""Paths, files and symbols of TensorFlow itself."""

_OWN_FILE = re.compile(r"tensorflow|tflite|(?:^|[/(])\w+_ops?(?:_\w+)?\.(?:cu\.)?(?:o|cc)\b", re.IGNORECASE)
"""Objects and sources of TensorFlow: its kernels and ops are in files that end so, whatever the archive is called."""

_LIBRARIES = (
    ("re2", r"re2::"),
    ("farmhash", r"util::(?:Fingerprint|Hash)|farmhash|NAMESPACE_FOR_HASH_FUNCTIONS"),
    ("double-conversion", r"double_conversion::"),
    ("snappy", r"snappy::|snappy_"),
    ("highwayhash", r"highwayhash"),
    ("nsync", r"nsync"),
    ("gemmlowp", r"gemmlowp::"),
    ("protobuf", r"google::protobuf::"),
    ("absl", r"absl::"),
    ("eigen", r"Eigen::"),
    ("jpeg", r"jpeg_"),
    ("png", r"png_"),
    ("gif", r"[DE]Gif|Gif[A-Z]"),
    ("sqlite", r"sqlite3_"),
    ("zlib", r"(?:in|de)flate|crc32|compress|uncompress|gz[a-z]+\b"),
    ("curl", r"curl_"),
    ("lmdb", r"mdb_"),
    ("fft2d", r"(?:[cr]dft|ddct|ddst)(?:2d|3d)?\b"),
    ("ducc", r"ducc0::"),
    ("kissfft", r"kiss_fft"),
    ("icu", r"icu(?:_\d+)?::|u_|ucnv_|utext_"),
    ("flatbuffers", r"flatbuffers::"),
    ("ruy", r"ruy::"),
    ("xnnpack", r"xnn_"),
)
_TELLING = frozenset({"re2", "farmhash", "double-conversion", "snappy", "highwayhash", "nsync", "gemmlowp"})
"""Libraries whose absence speaks of TensorFlow even if the file that asks does not."""

_LIBRARY = re.compile(
    "(?:(?:non-virtual thunk to|typeinfo for|vtable for) )?_*(?:"
    + "|".join(f"(?P<_{at}>{pattern})" for at, (_, pattern) in enumerate(_LIBRARIES))
    + ")"
)
_HEADERS = re.compile(r"re2/|farmhash\.h|double-conversion/|snappy|highwayhash/|nsync|gemmlowp/|.*tensorflow/")

_MANGLED = re.compile(r"_{1,2}Z(?:T[VIS])?N?[KVr]*((?:\d+[A-Za-z_]\w*)+)")


def scopes(symbol: str) -> str:
    """The names of a symbol, those of a mangled one without its arguments: ``_ZN3re23RE2C1Ev`` → ``re2::RE2``."""
    match = _MANGLED.match(symbol)
    if match is None:
        return symbol
    names, text = [], match[1]
    while length := re.match(r"(\d{1,4})", text):
        end = length.end() + int(length[1])
        names.append(text[length.end() : end])
        text = text[end:]
    return "::".join(names) + ("::" if len(names) == 1 and not text else "")


def library_of(symbol: str) -> str:
    """The library that a symbol is of, as TensorFlow's build calls it; empty for TensorFlow's own and others."""
    match = _LIBRARY.match(scopes(symbol))
    return _LIBRARIES[int(str(match.lastgroup)[1:])][0] if match else ""


def source_of(name: str) -> str:
    """The source file of an object: ``lib.a(regex_replace_op.o)`` → ``regex_replace_op.cc``."""
    name = name.rstrip(")").rpartition("(")[2].rpartition("/")[2]
    return re.sub(r"(?:\.pic)?\.o$", ".cc", name)


def _undefined(asking: str, symbol: str) -> Told | None:
    """An undefined symbol that TensorFlow's build is about; ``asking`` is the file that asks for it."""
    library = library_of(symbol)
    own = bool(_OWN.search(scopes(symbol)))
    if not (own or library in _TELLING or _OWN_FILE.search(asking)):
        return None
    file = source_of(asking)
    return {"file": "" if file.endswith((".a", ".so")) else file, "symbol": symbol, "library": "" if own else library}


def _gnu(match: re.Match[str], message: LogMessage) -> Told | None:
    """``undefined reference to `re2::RE2::~RE2()'``, in quotes that differ by linker; empty where the log is cut."""
    start = match.end()
    end = message.text.find("'", start)
    symbol = message.sentence(start, end) if end >= 0 else ""
    if "_at" not in match.groupdict():
        return _undefined("", symbol)
    asking, line = last_word(message, *match.span("_at"))
    told = _undefined(asking, symbol)
    return told and {**told, **line}


def _lld(match: re.Match[str], message: LogMessage) -> Told | None:
    """``undefined symbol: X``, then a line ``>>> referenced by FILE`` for each place, and one for its object."""
    start = match.end()
    places = re.compile(r"(?:>>>)?referencedby").search(message.text, start)
    if places is not None:
        end = places.start()
    else:
        line = message.line_at(start)
        end = next((at for at in range(start, len(message.text)) if message.line_at(at) != line), len(message.text))
    symbol = message.sentence(start, end)
    place = _SOURCE.search(message.text, end)
    return _undefined(last_word(message, *place.span())[0] if place else "", symbol)


_SOURCE = re.compile(r"(?<=referencedby)[\w./+()-]{1,300}?\.(?:cc|cpp|cxx|c|mm|o)\b")


def _apple(match: re.Match[str], message: LogMessage) -> Told | None:
    """``"X", referenced from:``, then a line ``FUNCTION in lib.a(FILE.o)`` for each place."""
    place = re.compile(r"[\w./+()-]{1,300}?\.o\b").search(message.text, match.end())
    symbol = message.sentence(*match.span("_symbol"))
    return _undefined(last_word(message, *place.span())[0] if place else "", symbol)


def _of_one_library(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """One failure a file and library, and for TensorFlow's own symbols a file and class: one mend mends it."""
    for at, each in enumerate(earlier):
        if each.kind == later.kind and _mended_with(each) == _mended_with(later):
            lines = (*each.lines, *later.lines)[:MAX_LINES]
            return *earlier[:at], replace(each, count=each.count + 1, lines=lines), *earlier[at + 1 :]
    return *earlier, later


def _mended_with(failure: LogFailure) -> tuple[str, str]:
    if failure.library:
        return failure.file, failure.library
    name = scopes(failure.symbol).partition("(")[0]
    return failure.file, re.sub(r"<.*", "", name).rpartition("::")[0] or name


def _header(match: re.Match[str], message: LogMessage) -> Told | None:
    file, line = last_word(message, *match.span("file"))
    header = match["library"]
    return {"file": file, **line} if _OWN_FILE.search(file) or _HEADERS.match(header) else None


_AT = r"(?<![\w./+-])(?P<_at>(?:[\w./+-]{1,300}?\()?[\w./+-]{1,300}?\.(?:cc|cpp|cxx|c|mm|o|so|a)\)?)"
_PLACE = r"(?::\(\.[^()]{1,4000}\)|(?::[\w./+-]{1,200})?:function.{1,1000}?|:\d+)?:(?:error:)?"
_NEAR = 400

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        "link-undefined",
        "build",
        rf"{_AT}{_PLACE}undefinedreferenceto['`\"]",
        ("undefined re", "ference to '", "ference to `"),
        "GNU ld, gold",
        _gnu,
        lines=4,
        joins=_of_one_library,
        reach=_NEAR,
        name_first=True,
    ),
    MessageShape(
        "link-undefined",
        "build",
        r"undefinedreferenceto['`\"]",
        ("undefined re", "ference to '", "ference to `"),
        "GNU ld, gold",
        _gnu,
        lines=4,
        joins=_of_one_library,
        reach=_NEAR,
    ),
    MessageShape(
        "link-undefined",
        "build",
        r"error:undefinedsymbol:",
        ("error: undefined symbol", ">>> referenced by"),
        "lld",
        _lld,
        lines=8,
        joins=_of_one_library,
        reach=_NEAR,
    ),
    MessageShape(
        "link-undefined",
        "build",
        r"Undefinedsymbols:(?P<_symbol>[^\"]{1,3000}?),referencedfrom:",
        ("ld: Undefined symbols:", ", referenced from:"),
        "the linker of Xcode 15",
        _apple,
        lines=8,
        joins=_of_one_library,
        reach=_NEAR,
    ),
    MessageShape(
        "link-undefined",
        "build",
        r"\"(?P<_symbol>[^\"]{1,3000})\",referencedfrom:",
        ('", referenced from:', "Undefined symbols for"),
        "ld64",
        _apple,
        lines=8,
        ends=r"symbol\(s\)notfound",
        joins=_of_one_library,
        reach=_NEAR,
    ),
    MessageShape(
        "compile-header",
        "build",
        r"(?:(?<![\w./+-])|(?<=directory)|(?<=filenotfound))(?P<file>[\w./+-]{1,300}?\.(?:cc|cpp|cxx|c|h|hpp|mm|inc)):\d+(?::\d+)?:(?:fatal)?error:"
        r"'?(?P<library>[\w./+-]{1,300}?)'?(?::Nosuchfileordirectory|filenotfound)",
        ("fatal error", ".h: No such file", ".h' file not found"),
        "gcc, clang",
        _header,
        lines=3,
        name_first=True,
    ),
)
"""What the linkers and compilers of Linux, Android and Apple print."""
