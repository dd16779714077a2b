"""Loaders of native libraries, and what Android and its store say of their pages."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes.names import last_word, once
from opselect.logs.shapes.shape import MessageShape, Told

_OURS = re.compile(r"tensorflow|tflite|litert", re.IGNORECASE)
_LIB = r"(?P<_lib>[^\"]{1,400})"
_STARTS = r"(?:(?<![\w./+~=-])|(?<=aligned))"
"""Where a path may begin: behind no letter of one, but for the last letter of the line before."""

_SO = r"[\w./+~=-]{1,400}?\.so"
_LISTED = re.compile(r"(?P<name>lib[\w.+-]{1,200}?\.so)")
_SMALL_PAGES = re.compile(r"armeabi|/x86/|^x86/|/mips")


def file_name(path: str) -> str:
    """The last component of a path."""
    return path.rpartition("/")[2]


_NEEDED_BY = re.compile(r".{0,60}?(?:neededby|referencedby)\"?([\w./+~=!-]{1,400})")


def _ours(match: re.Match[str], message: LogMessage) -> Told | None:
    """A library of TensorFlow, or one that such a library needs."""
    needed_by = _NEEDED_BY.match(message.text, match.end())
    if not _OURS.search(match["_lib"]) and not (needed_by and _OURS.search(needed_by[1])):
        return None
    return {"library": file_name(match["_lib"])}


def _only_ours(match: re.Match[str], _: LogMessage) -> Told | None:
    return {"library": file_name(match["_lib"])} if _OURS.search(match["_lib"]) else None


def _java_name(match: re.Match[str], _: LogMessage) -> Told | None:
    """A method that Java declares and no library has; two are called to see whether a library is loaded yet."""
    method = match["_method"]
    return None if method.endswith(("RunStats.allocate", "nativeDoNothing")) else {"symbol": method}


def _undefined(match: re.Match[str], message: LogMessage) -> Told:
    path, line = last_word(message, *match.span("_lib"))
    return {"library": file_name(path), "symbol": message.word(match.end(), len(message.text)), **line}


def _page(match: re.Match[str], message: LogMessage) -> Told | None:
    """A library by its path: those for 32 bits run on small pages only, and need not be aligned."""
    path, line = last_word(message, *match.span("_lib"))
    return None if _SMALL_PAGES.search(path) else {"library": file_name(path), **line}


def _page_list(match: re.Match[str], message: LogMessage) -> Told:
    """The libraries of a list; that of TensorFlow stands for them if there is one."""
    libraries = once(found["name"] for found in _LISTED.finditer(message.text, match.end()))
    first = next((name for name in libraries if _OURS.search(name)), "".join(libraries[:1]))
    return {"library": first, "libraries": libraries}


def _of_list(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """The first line behind the sentence that announces it."""
    newest = earlier[-1] if earlier else None
    if newest is None or newest.kind != later.kind or newest.library:
        return *earlier, later
    return *earlier[:-1], replace(later, lines=newest.lines)


_BIONIC = "bionic/linker/linker.cpp"

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        "page-size",
        "android",
        rf"\"{_LIB}\"programalignment\(\d+\)cannotbesmaller",
        ("program alignment (", "than system page size"),
        _BIONIC,
        lambda match, _: {"library": file_name(match["_lib"])},
        lines=3,
    ),
    MessageShape(
        "page-size",
        "android",
        r"SomelibrarieshaveLOADsegmentsnotaligned",
        ("with 16 KB devices", "LOAD segments not aligned"),
        "Android Studio",
        _page_list,
        lines=40,
        joins=_of_list,
        reach=3,
        ends=r"Formoreinformation|StartingNovember",
    ),
    MessageShape(
        "page-size",
        "android",
        r"APK[\w.+-]{1,200}?isnotcompatiblewith16KBdevices",
        ("compatible with 16 KB devices", "not compatible with 16"),
        "Android Studio",
        _page_list,
    ),
    MessageShape(
        "page-size",
        "android",
        r"Thefollowinglibrariesarenot16KBaligned:?",
        ("ELF alignment check", "are not 16 KB aligned"),
        "Android 16",
        _page_list,
        lines=40,
    ),
    MessageShape(
        "page-size",
        "android",
        r"Librariesthatdonotsupport16KB",
        ("not support 16 KB", "Libraries that do not"),
        "Google Play Console",
        _page_list,
        lines=40,
    ),
    MessageShape(
        "page-size",
        "android",
        r"(?:Your|This)appdoesnotsupport16KBmemorypagesizes",
        ("not support 16 KB", "16 KB memory page sizes"),
        "Google Play Console",
        _page_list,
        lines=12,
    ),
    MessageShape(
        "page-size",
        "android",
        rf"Thenativelibrary`?(?P<_lib>{_SO})`?\(from.{{1,300}}?\)isnot16KBaligned",
        ("is not 16 KB aligned", "The native library"),
        "Android lint",
        _page,
        lines=3,
    ),
    MessageShape(
        "page-size",
        "android",
        rf"{_STARTS}(?P<_lib>{_SO}):(?:LOADsegments?notaligned|(?:\\e\[[\d;]*m)?UNALIGNED)",
        (".so: LOAD", "segments not aligned", ".so : LOAD", "segment not aligned", "UNALIGNED"),
        "check_elf_alignment.sh",
        _page,
        joins=_of_list,
        reach=2,
        lines=2,
        name_first=True,
    ),
    MessageShape(
        "page-size",
        "android",
        rf"{_STARTS}(?P<_lib>{_SO})\(BAD-\d+\)",
        (".so (BAD -", "(BAD - "),
        "zipalign",
        _page,
        lines=2,
        name_first=True,
    ),
    MessageShape(
        "native-library",
        "android",
        rf"library\"{_LIB}\"notfound",
        ("dlopen failed", '" not found'),
        _BIONIC,
        _ours,
        lines=3,
    ),
    MessageShape(
        "native-library",
        "android",
        r"couldn'tfind\"(?P<_lib>lib[^\"]{1,300})\"",
        ("couldn't find \"lib", "UnsatisfiedLinkError"),
        "libcore Runtime.java",
        _only_ours,
        lines=2,
    ),
    MessageShape(
        "native-library",
        "android",
        rf"cannotlocatesymbol\"(?P<symbol>[^\"]{{1,1000}})\"referencedby\"?{_LIB}(?:\"|\.\.\.)",
        ("cannot locate symbol", "dlopen failed"),
        _BIONIC,
        _only_ours,
        lines=4,
    ),
    MessageShape(
        "native-library",
        "android",
        rf"\"{_LIB}\"(?:is(?:32|64)-bit|has(?:unexpected|text|bad|invalid))",
        ("dlopen failed", '.so" is ', '.so" has '),
        _BIONIC,
        _only_ours,
        lines=3,
    ),
    MessageShape(
        "native-library",
        "tensorflow",
        r"CannotfindTensorFlownativelibraryforOS",
        ("Cannot find TensorFlow", "native library for OS"),
        "tensorflow/java/src/main/java/org/tensorflow/NativeLibrary.java",
        lines=3,
    ),
    MessageShape(
        "native-library",
        "tensorflow",
        r"NativeTFmethodsnotfound",
        ("Native TF methods", "TF methods not found"),
        "tensorflow/contrib/android/java/org/tensorflow/contrib/android/TensorFlowInferenceInterface.java",
        lines=3,
    ),
    MessageShape(
        "native-library",
        "tflite",
        r"FailedtoloadnativeTensorFlowLitemethods",
        ("native TensorFlow Lite", "TensorFlow Lite methods"),
        "tensorflow/lite/java/src/main/java/org/tensorflow/lite/TensorFlowLite.java",
        lines=3,
    ),
    MessageShape(
        "native-library",
        "android",
        r"Noimplementationfoundfor(?:native)?[\w\[\]]*?(?P<_method>org\.tensorflow\.[\w.$]{1,300}?)\(",
        ("No implementation found", "(tried Java_org_tensorflow"),
        "art/runtime/jni/java_vm_ext.cc",
        _java_name,
        lines=3,
    ),
    MessageShape(
        "native-library",
        "tensorflow",
        r"UnsatisfiedLinkError:no(?P<library>[\w-]{0,60}(?:tensorflow|tflite)[\w-]{0,60}?)injava\.library\.path",
        ("in java.library.path", "UnsatisfiedLinkError: no"),
        "java.lang.ClassLoader",
        lines=2,
    ),
    MessageShape(
        "native-library",
        "tensorflow",
        r"(?<![\w./+~=-])(?P<_lib>[\w./+~=-]{1,400}?\.so(?:\.\d+)*):undefinedsymbol:(?=_ZN?K?\d*(?:10tensorflow|3tsl|6tflite))",
        (".so: undefined symbol", "undefined symbol: _Z"),
        "ld.so",
        _undefined,
        lines=2,
        name_first=True,
    ),
)
"""What dlopen, Java, Android's tools and Google Play print."""
