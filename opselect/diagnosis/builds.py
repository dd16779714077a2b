"""What compilers, linkers, loaders and stores refuse of a build of TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.index import KernelIndex
from kernel_index.libraries import LIBRARIES, Library, library, library_of_header
from kernel_index.records import MAKE, Dependency, LibraryUse
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.diagnosis.for_build import for_build
from opselect.diagnosis.setting import Setting, about, told, trusted
from opselect.findings import Finding
from opselect.findings.mends import OR, Applicability, Mend, run
from opselect.logs.records import LogFailure
from opselect.selection.why_missing import explain_library

_NAMESPACES = {
    "re2": "re2", "icu": "icu", "snappy": "snappy", "Json": "jsoncpp", "double_conversion": "double-conversion",
    "highwayhash": "highwayhash", "absl": "absl", "farmhash": "farmhash", "NAMESPACE_FOR_HASH_FUNCTIONS": "farmhash",
}  # fmt: skip
_FUNCTIONS = (
    (re.compile(r"(in|de)flate(Init2_|End|Reset)?|zlib\w*|crc32|adler32"), "zlib"),
    (re.compile(r"jpeg_\w+"), "jpeg"),
    (re.compile(r"png_\w+"), "png"),
    (re.compile(r"(DGif|EGif|Gif)\w+"), "gif"),
    (re.compile(r"sqlite3_\w+"), "sqlite"),
    (re.compile(r"curl_\w+"), "curl"),
    (re.compile(r"util_?hash\w*|Fingerprint(32|64|128)?"), "farmhash"),
)
"""C functions of libraries, by how their names begin."""

_NAMESPACES_OF_TENSORFLOW = frozenset(
    {"", "tensorflow", "functor", "io", "internal", "strings", "port", "gtl", "(anonymous namespace)"}
)


def cannot_link(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A function is not there: of a source file that is not compiled, or of a library that is not linked."""
    index = setting.index
    known = source_paths(failure.file, index)
    path = known[0] if len(known) == 1 else ""
    name = library_behind(failure)
    if name:
        return [about(_library(name, path, failure, setting), failure)]
    for path in known:
        named = defining(failure, path, index)
        wanted = _lacking(path, failure, setting) or ([named] if named is not None else [])
        if wanted:
            return [about(_dependency(path, wanted, setting), failure)]
    command = f"opselect generate {setting.shown_model} {setting.source_options}"
    text = f"Let the lists be made whole: {command} lists what files need, too."
    reason = f"the file {_object(failure)} uses {_plain(failure.symbol) or 'a function'}, and nothing linked defines it"
    finding = Finding("OPS121", reason, files=(path,) if path else (), mends=(told("guess", text),))
    return [about(finding, failure)]


def explains(failure: LogFailure, index: KernelIndex) -> bool:
    """Whether the sources of a release have the file that a compiler or a linker names, and what it lacks."""
    known = source_paths(failure.file, index)
    path = known[0] if len(known) == 1 else ""
    if failure.kind == "link-undefined" and not library_behind(failure):
        return any(defining(failure, each, index) is not None for each in known)
    if not path:
        return False
    name = library_behind(failure)
    if failure.kind == "compile-header":
        name = library_of_header((failure.library or failure.symbol).removeprefix("third_party/"))
        if not name or path.endswith(".h"):
            return path == failure.file.removeprefix("./") or failure.file.endswith(f"/{path}")
    if name:
        return any(use.library == name for use in index.library_uses.get(path, ()))
    return False


def library_behind(failure: LogFailure) -> str:
    """The library of others that a symbol is of, by what the log says or by how it is called; empty for none."""
    return failure.library if library(failure.library) is not None else library_of_symbol(failure.symbol)


def defining(failure: LogFailure, path: str, index: KernelIndex) -> Dependency | None:
    """The file that defines what another lacks: one that it cannot be linked without, by the names in the symbol."""
    named = set(_plain(failure.symbol).split("::")) - _NAMESPACES_OF_TENSORFLOW
    for use in index.dependencies.get(path, ()):
        if named.intersection(part for part in use.symbol.split("::") if part != "*"):
            return use
    return None


def _object(failure: LogFailure) -> str:
    return failure.file.rpartition("/")[2] or "an object file"


def source_path(file: str, index: KernelIndex) -> str:
    """The source of a release that an object file or the end of a path stands for; empty where none, or several, do."""
    known = source_paths(file, index)
    return known[0] if len(known) == 1 else ""


def source_paths(file: str, index: KernelIndex) -> list[str]:
    """All sources of a release that an object file or the end of a path may stand for: ops and kernels share names."""
    if not file:
        return []
    plain = re.sub(r"\.(pic\.)?(o|obj)$", ".cc", re.sub(r"^.*\(([^()]*)\)$", r"\1", file).lstrip("./"))
    known = [
        path for path in index.includes if path == plain or path.endswith(f"/{plain}") or plain.endswith(f"/{path}")
    ]
    if not known:
        name = plain.rpartition("/")[2]
        known = [path for path in index.includes if path.rpartition("/")[2] == name]
    return known


def library_of_symbol(symbol: str) -> str:
    """The library of others that a function belongs to, by its namespace or its first letters; empty for none."""
    plain = re.sub(r"^(vtable|typeinfo( name)?|non-virtual thunk) (for|to) ", "", symbol.strip()).lstrip("_")
    first = re.match(r"(\w+)::", plain)
    if first is not None:
        return _NAMESPACES.get(first[1], "")
    name = re.match(r"\w+", plain)
    return next((lib for pattern, lib in _FUNCTIONS if name and pattern.fullmatch(name[0])), "")


def _library(name: str, path: str, failure: LogFailure, setting: Setting) -> Finding:
    """A library of others that the build does not link."""
    index = setting.index
    build = MAKE if MAKE in builds_of(index.build_lists) else "bazel"
    use = next((each for each in index.library_uses.get(path, ()) if each.library == name), None)
    if use is None:
        known: Library | None = library(name)
        header = known.headers[0] if known is not None else name
        use = LibraryUse(name, header, path or failure.file, ())
    finding = explain_library(use, path or _object(failure), index, build)
    if failure.symbol:
        reason = f"{path or _object(failure)} calls {failure.symbol.partition('(')[0]} of {name}, which is not linked"
        finding = replace(finding, reason=reason)
    return replace(finding, mends=(replace(finding.mends[0], applicability="likely"), *finding.mends[1:]))


def _lacking(path: str, failure: LogFailure, setting: Setting) -> list[Dependency]:
    """What a file needs and the described build does not compile: what defines the symbol, or else all of it.

    Indexes have one symbol for each file that is needed, headers declare several.
    """
    compiles, uses = setting.compiles, setting.index.dependencies.get(path, ())
    if compiles is None:
        return []
    lacking = [use for use in uses if setting.profile in use.profiles and not compiles(use.file)]
    named = defining(failure, path, setting.index)
    return [named] if named in lacking else lacking


def _dependency(path: str, wanted: Sequence[Dependency], setting: Setting) -> Finding:
    """Source files that the build does not compile, and another of it cannot do without."""
    lists = setting.index.build_lists
    mends: list[Mend] = []
    is_lacking = setting.compiles is not None and not setting.compiles(wanted[0].file)
    trust: Applicability = "certain" if is_lacking else "likely"
    first, files = wanted[0], tuple(use.file for use in wanted)
    for build in builds_of(lists):
        edit = how_listed(first.file, Build(build, {}, frozenset()), lists)
        text = f"{edit.text[:1].upper()}{edit.text[1:]}."
        mends.append(replace(edit, text=text, applicability=trust, lead=OR if mends else ""))
    less = told("likely", f"Leave {path} out, if no model needs its ops.", lead=OR if mends else "")
    used = " and ".join(f"{use.symbol} of {use.file}" for use in wanted)
    reason = f"{path} uses {used}, which the build does not compile"
    return for_build(Finding("OPS121", reason, files=files, mends=(*mends, less)), setting)


def _plain(symbol: str) -> str:
    """``tensorflow::io::ZlibInputStream::ZlibInputStream`` of a whole signature."""
    text = re.sub(r"^(vtable|typeinfo( name)?|non-virtual thunk) (for|to) ", "", symbol)
    return re.sub(r"<.*>", "", text.partition("(")[0]).strip()


def missing_header(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A header that the compiler does not find: of a library of others, or one that the build generates."""
    header = failure.library or failure.symbol
    path = source_path(failure.file, setting.index) or failure.file
    name = library_of_header(header.removeprefix("third_party/"))
    if header.endswith("ops_to_register.h"):
        profile = f" --profile {setting.profile}" if setting.is_profile_told else ""
        source = f"{setting.source_options}{profile}"
        line = f"opselect generate {setting.shown_model} {source} --target header --out build_lists"
        reason = f"{path} is compiled with SELECTIVE_REGISTRATION, and ops_to_register.h is in no folder of includes"
        mend = run("Write it, and put it on the include path: {command}.", line, applicability="likely")
        return [about(Finding("OPS124", reason, mends=(mend,)), failure)]
    if name:
        use = LibraryUse(name, header, path, ())
        build = MAKE if MAKE in builds_of(setting.index.build_lists) else "bazel"
        finding = explain_library(use, path, setting.index, build)
        reason = f"{path} includes {header} of {name}, which the build does not have"
        return [about(trusted(replace(finding, reason=reason), "likely"), failure)]
    if header.endswith((".pb.h", "_generated.h")):
        text = "Generate it before: the makefile runs protoc by its own rules, Bazel as a dependency of the target."
        reason = f"{path} includes {header}, which a tool of the build makes"
        return [about(Finding("OPS121", reason, mends=(told("likely", text),)), failure)]
    text = f"Put the folder of {header} on the include path" if header else "Put its folder on the include path"
    known = [each.name for each in LIBRARIES if any(header.startswith(start.rstrip("/")) for start in each.headers)]
    reason = f"{path or 'a file'} includes {header or 'a header'}, which is in no folder of includes"
    about_it = f", or of {known[0]}" if known else ""
    return [about(Finding("OPS114", reason, mends=(told("guess", f"{text}{about_it}."),)), failure)]


def library_not_loaded(failure: LogFailure, _: Setting) -> list[Finding]:
    """The native library is not in the app for the device's ABI, not packed, or shrunk away."""
    named = failure.library or failure.file
    name = f"the library {named}" if named else "the native library"
    what = f" and {failure.symbol} is not in it" if failure.symbol else ""
    reason = f"{name} is not in the app for this device's ABI, or of another version than the Java code{what}"
    mends = (
        told("likely", "Pack it for the ABI: abiFilters and jniLibs of Gradle, one version of library and Java code."),
        told("guess", "Keep native methods when the code is shrunk: -keep class org.tensorflow.** { *; }.", lead=OR),
    )
    return [about(Finding("OPS517", reason, mends=mends), failure)]


def page_size(failure: LogFailure, _: Setting) -> list[Finding]:
    """Android 15 and the store want libraries that are aligned for pages of 16 KB."""
    name = failure.library or failure.file or "a native library"
    reason = f"the segments of {name} are aligned for pages of 4 KB; Android 15 and Google Play want 16 KB"
    text = "Link it with -Wl,-z,max-page-size=16384 (NDK 28 and later do so), or take a newer release."
    flex = (
        "The published tensorflow-lite-select-tf-ops ends at 2.16.1, which is not: build the Flex library of your "
        "models (tflite_flex_android_library) with that option."
    )
    mends: tuple[Mend, ...] = (told("likely", text), told("likely", flex, lead=""))
    return [about(Finding("OPS518", reason, mends=mends), failure)]
