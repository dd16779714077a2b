"""A scan that remembers an earlier one finds the same as one that does not."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import PreprocessorError
from kernel_index.profiles import BuildProfile, profiles
from kernel_index.records import Deprecation, ScanResult
from kernel_index.scan import ScanCache, scan_tree
from kernel_index.scan.cache import cache_folder
from kernel_index.scan.notes import ScanNotes
from kernel_index.scan.notes_text import notes_text, read_notes
from kernel_index.scan.profile_match import mentions, profile_match
from kernel_index.scan.stamps import settled, stamp
from tests.kernel_index.scan.trees import PLAIN, UNIT, problems, tree

ROOT = Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "fixtures" / "kernel_tree"
CORE = "tensorflow/core"


def registers(op: str) -> str:
    return f'REGISTER_KERNEL_BUILDER(Name("{op}").Device("CPU"), {op}Op);\n'


def write(root: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def cached(root: Path, folder: Path, **options: Any) -> tuple[ScanResult, int, int]:
    """A scan with a cache: its result, how many sources it did not scan, and how many there are."""
    counts: list[tuple[int, int]] = []
    result = scan_tree(
        root, cache=ScanCache(folder), jobs=1, progress=lambda done, total: counts.append((done, total)), **options
    )
    assert counts[-1] == (counts[0][1], counts[0][1])
    return result, *counts[0]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the fixture tree, to be edited."""
    return shutil.copytree(FIXTURE, tmp_path / "tree")


# Equal to a scan without a cache.

EDITED = (
    f"{CORE}/kernels/gather_op.cc", f"{CORE}/kernels/gather_op.h", f"{CORE}/kernels/cwise_ops_common.h",
    f"{CORE}/kernels/cwise_op_mul_1.cc", f"{CORE}/kernels/conv_ops.cc", f"{CORE}/framework/types.h",
    f"{CORE}/framework/types.cc", f"{CORE}/framework/register_types.h", f"{CORE}/ops/nn_ops.cc",
    f"{CORE}/kernels/new_op.cc", f"{CORE}/kernels/tensorflow/core/framework/types.h", "third_party/odd.h",
    "third_party/not_in_this_tree/half.h", "third_party/tsl/third_party/odd.h", "tensorflow/c/kernels.h",
    "tensorflow/compiler/jit/x_op.cc", f"{CORE}/kernels/BUILD", f"{CORE}/kernels/new_op_test.cc",
)  # fmt: skip
TEXTS = (
    "", registers("New"), f"#ifdef EXTRA\n{registers('Extra')}#else\n{registers('Plain')}#endif\n",
    "#if ODD(1)\n#define REGISTER4(...)\n#endif\n", '#include "third_party/odd.h"\nODD_KERNELS\n',
    '#define WHICH "third_party/odd.h"\n#include WHICH\nODD_KERNELS\n', f"#define ODD_KERNELS {registers('Odd')}",
    "#define ODD(x) EXTRA\n", 'const char* const DEVICE_CPU = "CPV";\n',
    "#undef TF_CALL_NUMBERS\n#define TF_CALL_NUMBERS(m)\n",
    'REGISTER_OP("Gather").Input("x: T").Attr("T: {float, int32} = DT_FLOAT");\n', "#if\n#endif\n",
    "#define REGISTER_KERNEL_BUILDER_IF_EXTRA(x, y) REGISTER_KERNEL_BUILDER(x, y)\n",
    f"#define EXT(x) EXT##x\n#if EXT(RA)\n{registers('Pasted')}#endif\n",
)  # fmt: skip
BASE = profiles("1.13.0")
PROFILES: Mapping[str, Sequence[BuildProfile]] = {
    "all": BASE,
    "one more": (*BASE, BASE[5].with_macros({"EXTRA": "1"})),
    "another more": (*BASE, BASE[0].with_macros({"EXTRA": "2"}, ["__ANDROID_TYPES_SLIM__"])),
    "changed": tuple(p.with_macros({"EXTRA": "GOOGLE_CUDA"}) for p in BASE),
    "few": BASE[:3],
    "the other way round": BASE[::-1],
}

EDITS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(EDITED), st.sampled_from(TEXTS)),
    st.tuples(st.just("append"), st.sampled_from(EDITED), st.sampled_from(TEXTS)),
    st.tuples(st.just("remove"), st.sampled_from(EDITED), st.just("")),
    st.tuples(st.just("touch"), st.sampled_from(EDITED), st.just("")),
    st.tuples(st.just("profiles"), st.sampled_from(sorted(PROFILES)), st.just("")),
    st.tuples(st.just("root"), st.sampled_from(["inside", "outside", "none"]), st.just("")),
)


def edit(root: Path, kind: str, name: str, text: str) -> None:
    path = root / name
    if kind == "write" or (kind == "append" and not path.exists()):
        write(root, {name: text})
    elif kind == "append":
        path.write_text(path.read_text() + text)
    elif kind == "remove":
        path.unlink(missing_ok=True)
    elif path.exists():
        os.utime(path)


def outcome(root: Path, cache: ScanCache | None, **options: Any) -> ScanResult | str:
    """What a scan finds, or the error that ends it."""
    try:
        return scan_tree(root, jobs=1, cache=cache, **options)
    except PreprocessorError as problem:
        return str(problem)


@pytest.mark.no_cover  # it scans hundreds of times what other tests scan once, and tracing takes longer than that
@settings(max_examples=40, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=6))
def test_after_any_edits_a_scan_with_a_cache_finds_the_same(edits: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = shutil.copytree(FIXTURE, folder / "tree")
        write(
            folder / "outside/ops", {"odd_op.cc": '#include "odd.h"\n#include "third_party/odd.h"\n' + registers("Out")}
        )
        write(root / "my_ops", {"my_op.cc": f"#include <{CORE}/framework/types.h>\n{registers('Mine')}ODD_KERNELS\n"})
        roots = {"inside": [root / "my_ops"], "outside": [folder / "outside/ops"], "none": []}
        options: dict[str, Any] = {"profiles": BASE, "extra_roots": []}
        scan_tree(root, jobs=1, cache=ScanCache(folder / "cache"), **options)
        for kind, what, text in edits:
            if kind == "profiles":
                options["profiles"] = PROFILES[what]
            elif kind == "root":
                options["extra_roots"] = roots[what]
            else:
                edit(root, kind, what, text)
            assert outcome(root, ScanCache(folder / "cache"), **options) == outcome(root, None, **options)


def test_a_condition_of_a_header_is_a_problem_whoever_else_is_scanned(tmp_path: Path) -> None:
    typed = 'REGISTER_KERNEL_BUILDER(Name("B").Device("CPU").TypeConstraint<TWIST>("T"), BOp);\n'
    root = tree(tmp_path / "tree", '#include "h.h"\n' + registers("A"), {
        f"{CORE}/kernels/h.h": "#if ODD(1)\n#define TWIST float\n#endif\n",
        # It names what the header defines, but does not include it: the condition matters in its company only.
        f"{CORE}/kernels/other.cc": typed,
        **{f"{CORE}/kernels/k{i}.cc": registers(f"C{i}") for i in range(20)},
    })  # fmt: skip
    odd = "h.h:1: #if ODD(1): 'ODD' is no macro with arguments"
    edits = (
        ("k0.cc", "// k0\n", False),
        ("unit.cc", '#include "h.h"\n' + typed, True),
        ("k1.cc", '#include "h.h"\n' + typed, True),
        ("unit.cc", '#include "h.h"\n', True),
        ("k1.cc", '#include "h.h"\n', False),
    )
    for name, text, is_problem in edits:
        write(root, {f"{CORE}/kernels/{name}": text})
        result = cached(root, tmp_path / "cache", profiles=[PLAIN])[0]
        assert [scan_tree(root, profiles=[PLAIN], jobs=jobs) for jobs in (1, 2, 3)] == [result] * 3
        assert (odd in problems(result)) == is_problem


# What is scanned again.

WHAT_IS_SCANNED_AGAIN: Mapping[str, tuple[Callable[[Path], object], list[str]]] = {
    "nothing has changed": (lambda _: None, []),
    "only times have changed": (lambda root: os.utime(root / f"{CORE}/framework/types.h"), []),
    "a source has": (lambda root: write(root, {"x/a.cc": registers("New")}), ["a"]),
    "a header of two has": (lambda root: write(root, {"x/ab.h": "#define AB\n"}), ["a", "b"]),
    "a header has, further in": (lambda root: write(root, {"x/deep.h": "#define DEEP\n"}), ["a", "b"]),
    "a missing header has come": (lambda root: write(root, {"x/gone.h": ""}), ["c"]),
    "a folder for a missing header has come": (lambda root: write(root, {"nowhere/other.h": ""}), []),
    "a header has come before another": (lambda root: write(root, {"x/y/z.h": ""}), ["d"]),
    "where a header's constants are defined has": (
        lambda root: write(root, {"x/names.cc": 'const char* const kName = "New";\n'}), ["e", "names"]
    ),
    "they are defined in a source of another ending": (
        lambda root: (root / "x/names.cc").rename(root / "x/names.cpp"), ["e", "names"]
    ),
    "a source has gone": (lambda root: (root / "x/a.cc").unlink(), []),
    "a header has gone": (lambda root: (root / "x/ab.h").unlink(), ["a", "b"]),
}  # fmt: skip


def sources(root: Path) -> None:
    write(root, {
        "x/a.cc": '#include "ab.h"\n' + registers("A"),
        "x/b.cc": '#include "ab.h"\n#ifdef EXTRA\n#endif\n' + registers("B"),
        "x/ab.h": '#include "deep.h"\n', "x/deep.h": "", "x/c.cc": '#include "gone.h"\n#include <nowhere/gone.h>\n',
        "x/d.cc": '#include "y/z.h"\n', "third_party/tsl/y/z.h": "",
        "x/e.cc": '#include "names.h"\nREGISTER_KERNEL_BUILDER(Name(kName).Device("CPU"), EOp);\n',
        "x/names.h": "extern const char* const kName;\n", "x/names.cc": 'const char* const kName = "Old";\n',
    })  # fmt: skip


@pytest.mark.parametrize("case", WHAT_IS_SCANNED_AGAIN)
def test_what_depends_on_a_change_is_scanned_again_and_nothing_else(case: str, copy: Path, tmp_path: Path) -> None:
    sources(copy)
    change, again = WHAT_IS_SCANNED_AGAIN[case]
    _, known, total = cached(copy, tmp_path / "cache", extra_roots=[copy / "x"])
    assert known == 0
    change(copy)
    result, known, now = cached(copy, tmp_path / "cache", extra_roots=[copy / "x"])
    assert (result, now - known) == (scan_tree(copy, jobs=1, extra_roots=[copy / "x"]), len(again))
    assert now == total - (case == "a source has gone")
    assert cached(copy, tmp_path / "cache", extra_roots=[copy / "x"]) == (result, now, now)


def test_a_changed_profile_scans_what_names_its_macros(copy: Path, tmp_path: Path) -> None:
    sources(copy)
    roots = [copy / "x"]
    _, _, total = cached(copy, tmp_path / "cache", extra_roots=roots)
    more: dict[str, Any] = {"extra_roots": roots, "profiles": PROFILES["one more"]}
    result, known, _ = cached(copy, tmp_path / "cache", **more)
    assert (result, known) == (scan_tree(copy, jobs=1, **more), total - 1)
    assert any("desktop+-DEXTRA" in r.profiles for r in result.registrations)
    # Both sets of profiles are known from now on.
    assert cached(copy, tmp_path / "cache", extra_roots=roots)[1] == total
    assert cached(copy, tmp_path / "cache", **more)[1] == total
    unnamed = (*BASE, BASE[5].with_macros({"NOT_NAMED": "1"}))
    assert cached(copy, tmp_path / "cache", extra_roots=roots, profiles=unnamed)[1] == total


def test_one_more_root_scans_its_sources_only(copy: Path, tmp_path: Path) -> None:
    sources(copy)
    _, _, without = cached(copy, tmp_path / "cache")
    result, known, _ = cached(copy, tmp_path / "cache", extra_roots=[copy / "x"])
    assert (result, known) == (scan_tree(copy, jobs=1, extra_roots=[copy / "x"]), without)


def test_a_change_that_leaves_size_and_time_as_they_were_is_seen(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", registers("Old"))
    for wait in (0.0, 2.1):  # at once, and when the times of the file have settled
        time.sleep(wait)
        before = (root / UNIT).stat()
        cached(root, tmp_path / "cache")
        assert cached(root, tmp_path / "cache")[1] == 1
        write(root, {UNIT: registers("New" if wait else "Odd")})
        os.utime(root / UNIT, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert [r.op for r in cached(root, tmp_path / "cache")[0].registrations] == ["New" if wait else "Odd"]


def test_only_settled_times_are_relied_on(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text")
    found = stamp(str(path))
    assert found is not None
    assert settled(found) is None
    old = (found[0], found[1] - 3 * 10**9, found[2] - 3 * 10**9, found[3])
    assert settled(old) == old
    assert settled((found[0], found[1] + 10**12, old[2], found[3])) is None  # a clock that is ahead
    assert stamp(str(tmp_path)) is None


# Profiles.


def test_profiles_that_differ_in_nothing_that_matters_are_matched() -> None:
    match = profile_match(BASE, PROFILES["one more"])
    assert match is not None
    assert match.earlier["desktop+-DEXTRA"] == "desktop"
    assert match.macros == {"EXTRA"}
    changed = profile_match(BASE, PROFILES["changed"])
    assert changed is not None
    assert changed.macros == {"EXTRA"}
    users = profile_match([PLAIN], [BuildProfile("desktop", {"A": "B", "C": "A"})])
    assert users is not None
    assert users.macros == {"A", "C"}


@pytest.mark.parametrize(
    "other", [(), BASE[:2], (PLAIN,), BASE[::-1]], ids=["none", "no desktop", "no mobile", "reversed"]
)
def test_profiles_that_cannot_be_matched(other: Sequence[BuildProfile]) -> None:
    assert profile_match(other, BASE) is None


MENTIONS = {
    "#ifdef EXTRA": True, "EXTRA(x)": True, "EXT\\\nRA": True, "EXT\\\r\nRA": True, "#define X(y) EXT##y": True,
    "#define X(y) \\\n  y \\\n ## \\\n RA": True, "#define X(A, EXT) EXT##A": False, "#define X(y) y##RATIO": False,
    "// EXTRA": False, "EXTRAS": False, "EXT RA": False, "": False,
}  # fmt: skip


@pytest.mark.parametrize("text", MENTIONS)
def test_a_file_that_may_name_a_macro(text: str) -> None:
    assert mentions(text.encode(), {"EXTRA", "OTHER"}) is MENTIONS[text]


# What goes wrong.


def cache_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign", "a folder"])
def test_a_damaged_cache_is_as_good_as_none(damage: str, copy: Path, tmp_path: Path) -> None:
    expected = cached(copy, tmp_path / "cache")[0]
    file = cache_file(tmp_path / "cache")
    whole = file.read_bytes()
    damaged = {
        "empty": [b""], "foreign": [b"something else\n" * 99], "cut": [whole[:n] for n in range(1, len(whole), 997)],
        "flipped": [whole[:n] + bytes([whole[n] ^ 4]) + whole[n + 1 :] for n in range(0, len(whole), 499)],
    }.get(damage, [])  # fmt: skip
    for data in damaged:
        file.write_bytes(data)
        result, known, _ = cached(copy, tmp_path / "cache")
        assert (result, known) == (expected, 0)
    if damage == "a folder":
        file.unlink()
        file.mkdir()
        cache = ScanCache(tmp_path / "cache")
        assert scan_tree(copy, jobs=1, cache=cache) == expected
        assert cache.problem
    else:
        assert cached(copy, tmp_path / "cache")[1] > 0


def notes() -> ScanNotes:
    with tempfile.TemporaryDirectory() as name:
        cache = ScanCache(Path(name))
        scan_tree(FIXTURE, jobs=1, cache=cache)
        return cache.load(FIXTURE, [], profiles("1.13.99"))


NOTES = notes()
TABLES = json.loads(notes_text(NOTES))


def test_notes_are_read_as_they_were_written() -> None:
    assert NOTES.units
    assert read_notes(notes_text(NOTES)) == NOTES
    path, note = next((path, note) for path, note in NOTES.units.items() if note.op_definitions)
    gone = tuple(replace(d, deprecation=Deprecation(9, "Use Other"), unit="a/b.cc") for d in note.op_definitions)
    deprecated = replace(NOTES, units={**NOTES.units, path: replace(note, op_definitions=gone)})
    assert read_notes(notes_text(deprecated)) == deprecated


ODD_VALUES: tuple[Any, ...] = (None, -1, 10**9, 1.5, True, "", "t999", "../../x", "/dev/zero", [], {}, [[]])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_forged_cache_is_refused_or_read(data: st.DataObject) -> None:
    forged = json.loads(json.dumps(TABLES))
    where: Any = forged
    for _ in range(data.draw(st.integers(0, 4))):
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], (dict, list)) or not where[key]:
            break
        where = where[key]
    odd: st.SearchStrategy[Any] = st.sampled_from(ODD_VALUES)
    key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
    where[key] = data.draw(odd)
    try:
        read = read_notes(json.dumps(forged).encode())
    except ValueError:
        return
    assert notes_text(read)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"texts": 1}'])
def test_what_is_no_json_of_notes(text: bytes) -> None:
    with pytest.raises(ValueError, match="these are no notes of a scan"):
        read_notes(text)


def test_a_folder_that_cannot_be_used_is_no_hindrance(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "cache"):
        cache = ScanCache(folder)
        assert scan_tree(copy, jobs=1, cache=cache) == scan_tree(copy, jobs=1)
        assert str(tmp_path / "file") in cache.problem
    assert (tmp_path / "file").read_text() == "no folder"


def scan_often(root: Path, folder: Path, times: int) -> list[ScanResult]:
    return [
        scan_tree(root, jobs=1, cache=ScanCache(folder), profiles=list(PROFILES.values())[i % 2]) for i in range(times)
    ]


def test_processes_that_scan_at_once_do_not_disturb_each_other(copy: Path, tmp_path: Path) -> None:
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with multiprocessing.get_context(method).Pool(3) as pool:
        tasks = [pool.apply_async(scan_often, (copy, tmp_path / "cache", 6)) for _ in range(6)]
        found = [task.get(timeout=60) for task in tasks]
    expected = [scan_tree(copy, jobs=1, profiles=p) for p in list(PROFILES.values())[:2]]
    assert all(results == expected * 3 for results in found)
    assert sorted(f.suffix for f in (tmp_path / "cache").iterdir()) == [".opselect-scan"] * 2
    assert cached(copy, tmp_path / "cache", profiles=BASE)[1] > 0


ENDLESS = """
import itertools, sys
from pathlib import Path
from kernel_index.scan import ScanCache, scan_tree
print("ready", flush=True)
for i in itertools.count():
    (Path(sys.argv[1]) / "tensorflow/core/kernels/conv_ops.cc").write_text(f"// {i}\\n")
    scan_tree(Path(sys.argv[1]), jobs=1, cache=ScanCache(Path(sys.argv[2])))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing kills at once here")
def test_a_scan_that_is_killed_leaves_nothing_harmful(copy: Path, tmp_path: Path) -> None:
    for delay in (0.1, 0.123, 0.15):
        command = [sys.executable, "-c", ENDLESS, str(copy), str(tmp_path / "cache")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.kill()
        write(copy, {f"{CORE}/kernels/conv_ops.cc": registers("Conv")})
        assert cached(copy, tmp_path / "cache")[0] == scan_tree(copy, jobs=1)


# Where it is, and how much it holds.


def test_the_cache_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    roots = [tree(tmp_path / f"tree{i}", registers("A")) for i in range(4)]
    folder = tmp_path / "cache"
    cached(roots[0], folder)
    size = cache_file(folder).stat().st_size
    cached(roots[1], folder)
    for age, file in enumerate(sorted(folder.iterdir(), key=lambda f: f.stat().st_mtime_ns)):
        os.utime(file, (1000 + age, 1000 + age))
    assert cached(roots[0], folder)[1] == 1  # used again
    (folder / "mine.txt").write_text("x" * size * 9)
    scan_tree(roots[2], jobs=1, cache=ScanCache(folder, max_bytes=size * 5 // 2))
    assert [cached(root, folder)[1] for root in (roots[0], roots[2], roots[1])] == [1, 1, 0]
    scan_tree(roots[3], jobs=1, cache=ScanCache(folder, max_bytes=1))
    assert [f.name for f in folder.iterdir()] == ["mine.txt"]


def test_what_killed_scans_left_goes_after_a_while(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", registers("A"))
    folder = tmp_path / "cache"
    write(folder, {"a.opselect-scan.tmp": "", "b.opselect-scan.tmp": "", "c.tmp": ""})
    for name in ("a.opselect-scan.tmp", "c.tmp"):
        os.utime(folder / name, (1000, 1000))
    cached(root, folder)
    assert sorted(f.name for f in folder.iterdir() if f.suffix == ".tmp") == ["b.opselect-scan.tmp", "c.tmp"]


FOLDERS = {
    "of its own": ({"OPSELECT_CACHE": "/a/b", "XDG_CACHE_HOME": "/c"}, Path("/a/b")),
    "of the desktop": ({"OPSELECT_CACHE": "", "XDG_CACHE_HOME": "/c"}, Path("/c/opselect")),
    "at home": ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/opselect"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_where_the_cache_is(case: str) -> None:
    environment, expected = FOLDERS[case]
    assert cache_folder(environment) == expected


# The include graph.


def test_the_includes_of_what_is_scanned(copy: Path) -> None:
    includes = scan_tree(copy, jobs=1).includes
    assert includes[f"{CORE}/kernels/gather_op.cc"] == (
        f"{CORE}/kernels/gather_op.h", f"{CORE}/framework/op_kernel.h", f"{CORE}/framework/register_types.h",
    )  # fmt: skip
    assert includes[f"{CORE}/platform/platform.h"] == ()
    assert list(includes) == sorted(includes)
    assert all(header in includes for headers in includes.values() for header in headers)
