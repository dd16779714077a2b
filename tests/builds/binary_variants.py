"""The fixture runtime and registrations of every shape, built in many ways; and what each of them prints of itself.

Objects are compiled once and linked in many ways: linking and stripping are cheap, compiling is not.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from opselect.binaries.records import Registrations
from tests.builds.builders import JOBS, checked, missing_commands
from tests.builds.programs import Built
from tests.builds.run_graph import FIXTURES, RUNTIME_TREE, run_graph

SHAPES = FIXTURES / "registration_shapes"
UNDECODABLE = "Undecodable"
"""How the names of ops begin whose registrations no reader has to know: they are made when the program starts."""

Row = tuple[str, str, str, int, tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...], str]
"""A kernel: op, device, label, priority, constraints, host memory args, class."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program says of itself: its kernels, and the names of its op definitions."""

    kernels: Counter[Row]
    ops: Counter[str]

    def without(self, *starts: str) -> Printed:
        """The same without the kernels of ops whose names begin so."""
        kept = {row: count for row, count in self.kernels.items() if not row[0].startswith(starts)}
        return Printed(Counter(kept), self.ops)


@dataclass(frozen=True, slots=True)
class Variant:
    """A binary, and the name of the program that says what is registered in it."""

    path: Path
    truth: str


@dataclass(frozen=True, slots=True)
class Variants:
    """All binaries and what the programs printed, by name. ``missing`` are compilers that are not installed."""

    binaries: Mapping[str, Variant]
    printed: Mapping[str, Printed]
    missing: str


def printed(program: Path) -> Printed:
    """What a program prints of its registries."""
    lines = [json.loads(line) for line in run_graph(program, "--registrations").out.splitlines()]
    return Printed(Counter(map(_row, lines)), Counter(run_graph(program, "--ops").out.split()))


def _row(line: Mapping[str, object]) -> Row:
    constraints, hosts = line["constraints"], line["host_memory_args"]
    assert isinstance(constraints, dict)
    assert isinstance(hosts, list)
    return (
        str(line["op"]), str(line["device"]), str(line["label"]), int(str(line["priority"])),
        tuple(sorted((attr, tuple(sorted(types))) for attr, types in constraints.items())),
        tuple(sorted(hosts)), str(line["kernel_class"]),
    )  # fmt: skip


def as_printed(registrations: Registrations) -> Printed:
    """What is read out of a binary, as a program prints it."""
    rows = (
        (
            kernel.op, kernel.device, kernel.label, kernel.priority,
            tuple(sorted((c.attr, tuple(sorted(map(str, c.allowed)))) for c in kernel.constraints)),
            tuple(sorted(kernel.host_memory_args)), kernel.kernel_class,
        )
        for kernel in registrations.kernels
    )  # fmt: skip
    return Printed(Counter(rows), Counter(definition.op for definition in registrations.definitions))


@dataclass(frozen=True, slots=True)
class Target:
    """A processor: its compiler and how its objects are made."""

    compiler: str
    flags: tuple[str, ...]

    @property
    def tools(self) -> str:
        """What the names of its tools begin with."""
        return self.compiler.removesuffix("g++")


_X86_64 = Target("g++", ())
_OTHERS = {
    "arm64": Target("aarch64-linux-gnu-g++", ()),
    "thumb": Target("arm-linux-gnueabihf-g++", ("-mthumb", "-DRASPBERRY_PI")),
}
_MANY = "many.cc"
_HEADERS = ("-std=c++14", "-DNDEBUG", f"-I{RUNTIME_TREE}", f"-I{SHAPES}")


def build_variants(folder: Path, built: Built) -> Variants:
    """Builds everything in the folder, from the objects of the fixture runtime that are there; ten seconds."""
    programs = {name: built.programs[name].path for name in ("as_it_stands", "header", "header_by_hand")}
    binaries = {name: Variant(path, name) for name, path in programs.items()}
    objects = sorted((built.everything / "tensorflow/contrib/makefile/gen/obj/android_x86_64").rglob("*.o"))
    binaries |= _runtime(folder, objects)
    programs["runtime"] = binaries["runtime"].path
    compiled = _compiled(folder)
    binaries |= _shapes(folder, compiled, [o for o in objects if not {"kernels", "ops"} & set(o.parts)])
    programs |= {name: binaries[name].path for name in ("shapes", "shapes_unoptimized")}
    for name, target in _OTHERS.items():
        if compiled.get(name):
            library = folder / f"{name}.so"
            checked([target.compiler, "-shared", "-o", library, *compiled[name]], folder)
            binaries[name] = Variant(library, "shapes_unoptimized")
    for name, variant in list(binaries.items()):
        if variant.path.suffix not in {".a", ".o"}:
            prefix = _OTHERS[name].tools if name in _OTHERS else ""
            stripped = Variant(folder / f"{name}.stripped", variant.truth)
            checked([f"{prefix}strip", "-s", "-o", stripped.path, variant.path], folder)
            binaries[f"{name}, stripped"] = stripped
    for name in ("runtime", "shared", "arm64"):
        if name in binaries:
            bare = folder / f"{name}.bare"
            without_section_headers(binaries[f"{name}, stripped"].path, bare)
            binaries[f"{name}, no section headers"] = Variant(bare, binaries[name].truth)
    truths = {name: printed(path) for name, path in programs.items()}
    missing = missing_commands(*(target.compiler for target in _OTHERS.values()), "clang++")
    return Variants(binaries, truths, missing)


def _runtime(folder: Path, objects: Sequence[Path]) -> dict[str, Variant]:
    """Every file of the fixture runtime, as programs and as archives."""
    library = [path for path in objects if path.name != "run_graph.o"]
    found = {}
    for name, flags in {
        "runtime": (),
        "static": ("-static",),
        "static_pie": ("-static-pie",),
        "gc_sections": ("-Wl,--gc-sections", "-Wl,-z,now"),
        "relr": ("-Wl,-z,pack-relative-relocs", "-Wl,-z,lazy"),
    }.items():
        path = folder / name
        checked(["g++", *flags, "-o", path, *objects], folder)
        found[name] = Variant(path, "runtime")
    for name, kind in {"archive": "rcs", "thin_archive": "rcsT"}.items():
        checked(["ar", kind, folder / f"{name}.a", *library], folder)
        found[name] = Variant(folder / f"{name}.a", "runtime")
    checked(["ld", "-r", "-o", folder / "partial.o", *library], folder)
    found["partial"] = Variant(folder / "partial.o", "runtime")
    return found


def _compiled(folder: Path) -> dict[str, list[Path]]:
    """The objects of all shapes, by configuration; none where its compiler is missing."""
    configurations = {
        "shapes": ("g++", "-O2", "-fPIC", "-ffunction-sections", "-fdata-sections"),
        "shapes_unoptimized": ("g++", "-O0"),
        **{name: (target.compiler, "-Os", "-fPIC", *target.flags) for name, target in _OTHERS.items()},
    }
    commands: list[list[str | Path]] = []
    made: dict[str, list[Path]] = {}
    for name, command in configurations.items():
        if shutil.which(command[0]) is None:
            continue
        for source in sorted(SHAPES.rglob("*.cc")):
            if source.name == _MANY and name != "shapes":
                continue
            target = folder / "objects" / name / source.relative_to(SHAPES).with_suffix(".o")
            target.parent.mkdir(parents=True, exist_ok=True)
            made.setdefault(name, []).append(target)
            commands.append([*command, *_HEADERS, "-c", source, "-o", target])
    with ThreadPoolExecutor(int(JOBS)) as pool:
        list(pool.map(lambda command: checked(command, folder), commands))
    return made


def _shapes(folder: Path, compiled: Mapping[str, list[Path]], base: Sequence[Path]) -> dict[str, Variant]:
    """Programs of all shapes, and libraries in which what registers is another library's."""
    found = {}
    for name in ("shapes", "shapes_unoptimized"):
        checked(["g++", "-o", folder / name, *compiled[name], *base], folder)
        found[name] = Variant(folder / name, name)
    checked(["g++", "-shared", "-o", folder / "shared.so", *compiled["shapes"]], folder)
    found["shared"] = Variant(folder / "shared.so", "shapes")
    checked(["ar", "rcs", folder / "of_others.a", *compiled["shapes"]], folder)
    found["archive_of_others"] = Variant(folder / "of_others.a", "shapes")
    if "clang" in compiled:
        checked(["clang++", "-shared", "-o", folder / "clang.so", *compiled["clang"]], folder)
        found["clang"] = Variant(folder / "clang.so", "shapes_unoptimized")
    return found


def without_section_headers(binary: Path, out: Path) -> None:
    """A copy of an ELF file that only a loader can read: nothing says where its sections are."""
    data = bytearray(binary.read_bytes())
    at, word, counts = (40, "<Q", 60) if data[4] == 2 else (32, "<I", 48)
    (offset,) = struct.unpack_from(word, data, at)
    struct.pack_into(word, data, at, 0)
    struct.pack_into("<HH", data, counts, 0, 0)
    out.write_bytes(data[:offset])
