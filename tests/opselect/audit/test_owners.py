from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.audit.owners.described import Role
from opselect.audit.owners.layout import PADDING, UNDESCRIBED
from opselect.audit.owners.owning import Owners, owners
from opselect.audit.owners.source_files import KnownBy
from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.image import Image, Pointers, SectionKind, SymbolKind
from opselect.binaries.opening import open_images
from opselect.binaries.records import CompiledDefinition, KnownFrom, RegisteredKernel, Registrations
from opselect.binaries.registrations.reading import read_registrations
from tests.opselect.audit.images import image, section, symbols

_NONE = Registrations((), (), ())
_CODE = SectionKind.CODE
_FUNCTION, _OBJECT = SymbolKind.FUNCTION, SymbolKind.OBJECT


def _kernel(op: str, first: int, end: int, factory: int | None = None, **more: object) -> RegisteredKernel:
    made = RegisteredKernel(
        op, "CPU", "", 0, (), (), f"{op}Op", f"{op.lower()}.cc", KnownFrom.CODE, end - 1, first, first, end, factory
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def _definition(op: str, first: int, end: int) -> CompiledDefinition:
    return CompiledDefinition(op, (), (), (), "ops.cc", KnownFrom.CODE, end - 1, first, first, end)


def _holds_all_bytes(found: Owners) -> None:
    assert found.size == len(found.image.content)
    assert np.all(found.sizes > 0)
    assert np.array_equal(found.offsets, np.cumsum(found.sizes) - found.sizes)
    assert int(found.sizes.sum()) == found.size
    assert sum(found.by_section().values()) == found.size
    assert sum(found.by_file().values()) == found.size
    with_op = sum(found.by_op().values()) + sum(found.shared().values())
    assert with_op + sum(found.unattributed().values()) == found.size
    assert int(found.item_bytes().sum()) + sum(found.unowned().values()) == found.size


_SECTIONS = st.lists(
    st.tuples(
        st.integers(0, 300), st.integers(0, 120), st.integers(0, 3000), st.sampled_from(SectionKind), st.integers(0, 1)
    ),
    max_size=8,
)
_SPANS = st.lists(st.tuples(st.integers(0, 3200), st.integers(1, 90)), max_size=10)


@given(_SECTIONS, _SPANS, _SPANS, st.integers(0, 260))
def test_totals_equal_the_file(
    tables: list[tuple[int, int, int, SectionKind, int]],
    functions: list[tuple[int, int]],
    objects: list[tuple[int, int]],
    size: int,
) -> None:
    sections = [section(f".s{n % 3}", *row[:3], row[3]) for n, row in enumerate(tables)]
    starts = sorted({start for start, _ in functions})
    spans = [(s, min(s + 50, n)) for s, n in zip(starts, [*starts, 1 << 20][1:], strict=True)]
    named = symbols(*((f"o{s}", s, n, _OBJECT, s % 3 - 1) for s, n in objects), files=("a.cc", "b.cc"))
    registered = Registrations(
        tuple(_kernel(f"Op{n % 2}", s, s + size, s) for n, (s, size) in enumerate(functions)),
        tuple(_definition("Op0", s, s + size) for s, size in objects),
        (),
    )
    content = bytes(n % 7 and n % 251 for n in range(size))
    _holds_all_bytes(owners(image(content, sections, functions=spans, named=named), registered))


_WORDS = st.one_of(
    st.integers(0, 1 << 12), st.integers((1 << 63) - 300, (1 << 63) + 300), st.integers((1 << 64) - 300, (1 << 64) - 1)
)
_HUGE = st.lists(st.tuples(_WORDS, _WORDS), max_size=6)


@example([((1 << 63) + 8, 100)] * 3, [((1 << 63) + 8, 0)], [], 100, False)
@given(_HUGE, _HUGE, _HUGE, st.integers(0, 200), st.booleans())
def test_addresses_and_sizes_that_cannot_be_true_end_in_totals_too(
    places: list[tuple[int, int]],
    functions: list[tuple[int, int]],
    objects: list[tuple[int, int]],
    size: int,
    archive: bool,
) -> None:
    sections = [
        replace(section(".s", n, size, address, kind), memory_size=memory)
        for n, ((address, memory), kind) in enumerate(zip(places, itertools.cycle(SectionKind), strict=False))
    ]
    starts = sorted({start for start, _ in functions})
    spans = [(s, min(s + 50, n)) for s, n in zip(starts, [*starts[1:], (1 << 64) - 1][: len(starts)], strict=True)]
    named = symbols(*((f"o{n}", s, n, _OBJECT, n % 2) for s, n in objects), files=("a.cc", "b.cc"))
    registered = Registrations(
        tuple(_kernel("Op", first, first + 8, last) for first, last in functions if first < 1 << 63), (), ()
    )
    made = image(b"x" * size, sections, functions=spans, named=named, members=("a.o",) if archive else ())
    _holds_all_bytes(owners(made, registered))


def test_gaps_are_padding_where_they_are_zero() -> None:
    content = b"\0" * 10 + b"x" * 10 + b"y" * 5
    found = owners(image(content, [section(".data", 10, 10, 0x1000)]), _NONE)
    assert found.by_section() == {PADDING: 10, ".data": 10, UNDESCRIBED: 5}


def test_of_sections_that_overlap_the_one_that_begins_last_has_the_bytes() -> None:
    sections = [section(".a", 0, 20), section(".b", 10, 5)]
    found = owners(image(b"x" * 20, sections), _NONE)
    assert found.by_section() == {".a": 15, ".b": 5}


def test_registrations_take_their_part_of_the_initialiser() -> None:
    named = symbols(("_GLOBAL__sub_I_relu.cc", 0x1000, 40, _FUNCTION, 0), files=("relu.cc",))
    found = owners(
        image(b"x" * 50, [section(".text", 0, 50, 0x1000, _CODE)], functions=[(0x1000, 0x1028)], named=named),
        Registrations((_kernel("Relu", 0x1004, 0x100E),), (_definition("Elu", 0x1010, 0x1014),), ()),
    )
    _holds_all_bytes(found)
    assert found.by_op() == {"Elu": 4, "Relu": 10}
    assert found.by_file() == {"relu.cc": 46, "ops.cc": 4}
    assert dict(found.by_symbol()) == {
        "_GLOBAL__sub_I_relu.cc": 36,  # 26 of its own and 10 to the next function or end
        "registration of Relu": 10,
        "definition of Elu": 4,
    }
    assert int(found.item_bytes(Role.PADDING).sum()) == 10


def test_what_stands_between_locals_of_one_file_is_of_that_file() -> None:
    named = symbols(
        ("a1", 0x1000, 10, _FUNCTION, 0), ("weak1", 0x100A, 10, _FUNCTION, -1), ("a2", 0x1014, 10, _FUNCTION, 0),
        ("border", 0x101E, 10, _FUNCTION, -1), ("b1", 0x1028, 10, _FUNCTION, 1),
        files=("a.cc", "b.cc"),
    )  # fmt: skip
    spans = [(0x1000 + 10 * n, 0x100A + 10 * n) for n in range(5)]
    found = owners(image(b"x" * 50, [section(".text", 0, 50, 0x1000, _CODE)], functions=spans, named=named), _NONE)
    assert [KnownBy(rule) for rule in found.source.known_by.tolist()] == [
        KnownBy.SYMBOL, KnownBy.RUN, KnownBy.SYMBOL, KnownBy.NOTHING, KnownBy.SYMBOL,
    ]  # fmt: skip
    assert found.by_file() == {"a.cc": 30, "b.cc": 10, "": 10}
    assert found.source.scattered == ()


def test_runs_say_nothing_where_files_are_scattered() -> None:
    rows = [(f"f{n}", 0x1000 + 10 * n, 10, _FUNCTION, (2, 0, 1, 0, 2, 0, 0, -1, 0)[n]) for n in range(9)]
    spans = [(row[1], row[1] + 10) for row in rows]
    made = image(
        b"x" * 90,
        [section(".text", 0, 90, 0x1000, _CODE)],
        functions=spans,
        named=symbols(*rows, files=("a", "b", "c")),
    )
    found = owners(made, _NONE)
    assert found.source.scattered == (".text",)
    assert found.by_file()[""] == 10


def test_the_block_of_hidden_symbols_is_no_file() -> None:
    named = symbols(
        ("a1", 0x1000, 10, _FUNCTION, 0), ("hidden", 0x100A, 10, _FUNCTION, 1), ("a2", 0x1014, 10, _FUNCTION, 0),
        files=("a.cc", ""),
    )  # fmt: skip
    spans = [(0x1000 + 10 * n, 0x100A + 10 * n) for n in range(3)]
    found = owners(image(b"x" * 30, [section(".text", 0, 30, 0x1000, _CODE)], functions=spans, named=named), _NONE)
    _holds_all_bytes(found)
    assert found.by_file() == {"a.cc": 30}


class _Ranges:
    def __init__(self, *rows: tuple[int, int, str]) -> None:
        self.starts = np.array([row[0] for row in rows], np.uint64)
        self.ends = np.array([row[1] for row in rows], np.uint64)
        self.units = np.arange(len(rows), dtype=np.int32)
        self.names = tuple(row[2] for row in rows)


def test_the_surest_rule_says_the_file() -> None:
    named = symbols(("f", 0x1000, 10, _FUNCTION, 0), files=("block.cc",))
    made = image(b"x" * 10, [section(".text", 0, 10, 0x1000, _CODE)], functions=[(0x1000, 0x100A)], named=named)
    unit, mapped = _Ranges((0x1000, 0x100A, "src/unit.cc")), _Ranges((0x1000, 0x100A, "mapped.o"))
    assert owners(made, _NONE).by_file() == {"block.cc": 10}
    assert owners(made, _NONE, units=unit).by_file() == {"src/unit.cc": 10}
    assert owners(made, _NONE, units=unit, linker_map=mapped).by_file() == {"mapped.o": 10}
    archive = replace(made, members=("relu.o",))
    assert owners(archive, _NONE, units=unit, linker_map=mapped).by_file() == {"relu.o": 10}


_CLASS = "N10tensorflow6ReluOpIfEE"


def _image_with_class(*, named: bool, kernels: int = 1) -> tuple[Image, Registrations]:
    """A factory that stores the table of a class with one method; type information and its name."""
    content = bytearray(0x400)
    table, info, name, factory, method = 0x2100, 0x2200, 0x2300, 0x1000, 0x1040
    # lea rax, [rip + table + 16]; ret
    content[:8] = b"\x48\x8d\x05" + (table + 16 - (factory + 7)).to_bytes(4, "little") + b"\xc3"
    content[0x300 : 0x300 + len(_CLASS)] = _CLASS.encode()
    places = [table + 8, table + 16, info + 8]
    pointers = Pointers(
        np.array(places, np.uint64), np.array([info, method, name], np.uint64), np.full(3, -1, np.int32), ()
    )
    sections = [section(".text", 0, 0x80, 0x1000, _CODE), section(".rodata", 0x80, 0x380, 0x2080)]
    rows = [
        (f"_ZTV{_CLASS}", table, 24, _OBJECT, -1),
        (f"_ZTI{_CLASS}", info, 24, _OBJECT, -1),
        (f"_ZTS{_CLASS}", name, len(_CLASS) + 1, _OBJECT, -1),
        ("_ZN10tensorflow6ReluOpIfE7ComputeEv", method, 16, _FUNCTION, -1),
        ("_ZZN10tensorflow6ReluOpIfE7ComputeEvENKUlvE_clEv", 0x1050, 16, _FUNCTION, -1),
        ("_ZN10tensorflow6ReluOpIdE7ComputeEv", 0x1060, 16, _FUNCTION, -1),
    ]
    made = image(
        bytes(content), sections, functions=[(factory, 0x1008), (method, 0x1050), (0x1050, 0x1060), (0x1060, 0x1070)],
        named=symbols(*rows) if named else None, pointers=pointers,
    )  # fmt: skip
    records = tuple(
        _kernel(op, 0x1020 + 8 * n, 0x1028 + 8 * n, factory, kernel_class="ReluOp<CPUDevice, float>")
        for n, op in enumerate(["Relu", "Relu6"][:kernels])
    )
    float_only = (Constraint("T", (DataType.DT_FLOAT,)),)
    return made, Registrations(tuple(replace(record, constraints=float_only) for record in records), (), ())


def test_a_factory_says_the_class_of_its_kernel() -> None:
    made, registered = _image_with_class(named=True)
    found = owners(made, registered)
    _holds_all_bytes(found)
    assert found.classes.mangled == (_CLASS.encode(),)
    # Factory, method, what is local to it, table, type information, its name, and the registration.
    own = 8 + 16 + 16 + 24 + 24 + len(_CLASS) + 1 + 8
    padding = 0x20 - 8 + (0x1040 - 0x1028)
    assert found.by_op() == {"Relu": own + padding}
    assert found.by_class() == {"tensorflow::ReluOp<float>": own + padding}
    assert found.by_file()["relu.cc"] == own + padding
    assert KnownBy(found.source.known_by[0]) is KnownBy.CLASS
    assert found.by_dtype() == {(DataType.DT_FLOAT,): own + padding}


def test_the_class_is_found_without_symbols() -> None:
    made, registered = _image_with_class(named=False)
    found = owners(made, registered)
    _holds_all_bytes(found)
    own = 8 + 16 + 24 + 24 + len(_CLASS) + 1 + 8
    assert found.by_class() == {"tensorflow::ReluOp<float>": own + 0x20 - 8 + (0x1040 - 0x1028)}


def _without_type_information(base_in_factory: bool) -> tuple[Image, Registrations]:
    """Two factories, each storing the table of its class, perhaps behind that of a base; no names anywhere."""
    content = bytearray(0x400)
    tables, base = (0x2100, 0x2180), 0x2200

    def lea(at: int, table: int) -> None:
        address = 0x1000 + at
        content[at : at + 7] = b"\x48\x8d\x05" + (table + 16 - (address + 7)).to_bytes(4, "little")

    for number, table in enumerate(tables):
        lea(0x20 * number, table)
        if base_in_factory:
            lea(0x20 * number + 7, base)
    points = [table + 16 for table in (*tables, base)]
    slots = [(point + 8 * n, 0x1040 + 0x10 * n) for point in points for n in range(3)]
    pointers = Pointers(
        np.array([slot for slot, _ in slots], np.uint64), np.array([target for _, target in slots], np.uint64),
        np.full(len(slots), -1, np.int32), (),
    )  # fmt: skip
    sections = [section(".text", 0, 0x80, 0x1000, _CODE), section(".data.rel.ro", 0x80, 0x380, 0x2080)]
    spans = [(0x1000, 0x1010), (0x1020, 0x1030), *((0x1040 + 0x10 * n, 0x1050 + 0x10 * n) for n in range(3))]
    made = image(bytes(content), sections, functions=spans, pointers=pointers)
    kernels = (_kernel("Relu", 0x1070, 0x1078, 0x1000), _kernel("Elu", 0x1078, 0x1080, 0x1020))
    return made, Registrations(kernels, (), ())


@pytest.mark.parametrize("base_in_factory", [False, True])
def test_classes_without_type_information_are_known_by_their_tables(base_in_factory: bool) -> None:
    found = owners(*_without_type_information(base_in_factory))
    _holds_all_bytes(found)
    assert [table.point for table in found.classes.tables if table is not None] == [0x2110, 0x2190]
    assert [found.classes.name(n) for n in found.classes.of_kernel.tolist()] == ["ReluOp", "EluOp"]
    # Factory with padding, the table with two words in front, and the registration; methods are of both classes.
    assert found.by_op() == {"Relu": 0x20 + 40 + 8, "Elu": 0x20 + 40 + 8}


def test_a_class_of_two_ops_is_shared() -> None:
    made, registered = _image_with_class(named=True, kernels=2)
    found = owners(made, registered)
    _holds_all_bytes(found)
    assert set(found.shared()) == {("Relu", "Relu6")}
    assert found.by_op() == {"Relu": 8, "Relu6": 8 + 0x1040 - 0x1030}


_SOURCE = """
struct Kernel { virtual void Compute() = 0; virtual ~Kernel(); };
Kernel::~Kernel() {}
static int count;
static int table[100] = {1};
template <class T> struct Relu : Kernel { void Compute() override { try { throw T(); } catch (int) { ++count; } } };
Kernel* make() { return new Relu<float>; }
static __attribute__((noinline)) void begin() { table[0] = ++count; }
int main() { begin(); make()->Compute(); return table[count]; }
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    folder = tmp_path_factory.mktemp("owners")
    (folder / "relu.cc").write_text(_SOURCE)
    subprocess.run(["g++", "-O1", "-g", "-o", "relu", "relu.cc"], cwd=folder, check=True, timeout=60)
    return folder / "relu"


def _owners_of(path: Path) -> Owners:
    content = np.fromfile(path, np.uint8)
    return owners(linked_image(read_headers(path.name, content), path.name), _NONE)


def test_a_real_program_has_an_owner_for_every_byte(program: Path) -> None:
    found = _owners_of(program)
    _holds_all_bytes(found)
    sizes = {found.item_name(n): n for n in range(len(found.table))}
    method = sizes["Relu<float>::Compute()"]
    assert found.by_section()[".text"] > 0
    assert found.by_file()["relu.cc"] > 400
    for role in (Role.CONTENT, Role.UNWINDING, Role.EXCEPTIONS):
        assert found.item_bytes(role)[method] > 0, role
    assert found.item_bytes()[sizes["table"]] == 400
    assert (
        found.item_bytes(Role.RELOCATION)[sizes["vtable for Relu<float>"]] == 4 * 24
    )  # type information, Compute, two destructors


@pytest.mark.skipif(shutil.which("strip") is None, reason="no strip")
def test_a_stripped_program_has_an_owner_for_every_byte(program: Path, tmp_path: Path) -> None:
    subprocess.run(["strip", "-s", "-o", str(tmp_path / "relu"), str(program)], check=True, timeout=60)
    found = _owners_of(tmp_path / "relu")
    _holds_all_bytes(found)
    assert int(found.item_bytes(Role.UNWINDING).sum()) > 0
    assert found.by_file() == {"": found.size}


_LEFT_OUT = {".md", ".c", ".cc", ".py", ".sh", ".txt", ".jsonl", ".fat"}
_BINARIES = sorted(
    path for path in Path("fixtures/binaries").glob("*/*") if path.is_file() and path.suffix not in _LEFT_OUT
)


def _audited(path: Path) -> list[Owners]:
    images = [binary.image() for binary in open_images(str(path))]
    return [owners(made, read_registrations(made)) for made in images]


@pytest.mark.parametrize("path", _BINARIES, ids=lambda path: path.name)
def test_totals_equal_every_binary(path: Path) -> None:
    for found in _audited(path):
        _holds_all_bytes(found)


@pytest.mark.parametrize("form", ["so", "stripped.so", "packed.so"])
@pytest.mark.parametrize("machine", ["x86_64", "arm64", "i386"])
def test_classes_of_real_libraries_are_known_stripped_or_not(machine: str, form: str) -> None:
    path = Path(f"fixtures/binaries/elf/{machine}.{form}")
    if not path.exists():
        pytest.skip("there is none of 32 bits")
    (found,) = _audited(path)
    names = [found.classes.name(number) for number in found.classes.of_kernel.tolist()]
    assert [text.partition("<")[0] for text in names] == ["tensorflow::SmallOp"] * len(found.registrations.kernels)
    assert {"tensorflow::SmallOp<float>", "tensorflow::SmallOp<int>", "tensorflow::SmallOp<bool>"} < set(names)
    assert found.by_op()["SmallPlain"] > found.by_op()["SmallOther"] > 0
