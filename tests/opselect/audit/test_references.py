"""What needs what, in programs that are compiled for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from opselect.audit.pieces import code_pieces, code_sections, data_sections
from opselect.audit.references import ReferenceGraph, code_references, reference_graph
from opselect.audit.walking import reached
from opselect.binaries.image import Image
from tests.opselect.audit.compiled import compiled
from tests.opselect.audit.exact_references import exact_references

SHARED = ("-shared", "-fPIC")
KINDS = {
    "shared": ("g++", SHARED),
    "executable": ("g++", ("-pie", "-fPIE", "-DMAIN")),
    "fixed address": ("g++", ("-no-pie", "-fno-pie", "-DMAIN")),
    "with vectors": ("g++", (*SHARED, "-O3", "-mavx512f")),
    "AArch64": ("aarch64-linux-gnu-g++", SHARED),
    "Thumb": ("arm-linux-gnueabihf-g++", (*SHARED, "-mthumb")),
    "ARM": ("arm-linux-gnueabihf-g++", (*SHARED, "-marm")),
    "ARM executable": ("arm-linux-gnueabihf-g++", ("-no-pie", "-fno-pie", "-DMAIN")),
    "AArch64 executable": ("aarch64-linux-gnu-g++", ("-no-pie", "-fno-pie", "-DMAIN")),
}

PROGRAM = """
extern "C" int puts(const char*);
struct Shape { virtual ~Shape() {} virtual double area() const = 0; };
struct Square : Shape { double a; explicit Square(double a) : a(a) {} double area() const override { return a * a; } };
struct Round : Shape { double r; explicit Round(double r) : r(r) {} double area() const override { return 3.25 * r; } };
static int counter = 7; int global_counter = 3; static const char* names[] = {"first", "second", "third"};
static float table[64] = {1.5f}; thread_local int per_thread = 4; static unsigned short half; static unsigned char byte;
__attribute__((noinline)) int far_away(int n) { return n * counter + global_counter; }
static __attribute__((noinline)) void callee(int (*f)(int), int n) { global_counter = f(n); }
int pick(int n) {
  switch (n) {
    case 0: return far_away(3);
    case 1: counter = 65537; return 5;
    case 2: puts("two"); return 9;
    case 3: half = 0x1234; byte = 3; return 1;
    case 4: if (counter > 70000) throw 4; return 4;
    case 5: per_thread++; return 6;
    case 6: counter &= 0x11223344; byte |= 4; return (half & 0x300) != 0;
  }
  return -1;
}
double all(Shape** shapes, int count, const char* name) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += shapes[i]->area();
  if (name == names[count % 3]) callee(far_away, count);
  for (int i = 0; i < 64; i++) sum += table[i] * 2.5f;
  try { pick(int(sum)); } catch (int e) { puts("caught"); }
  return sum;
}
Shape* make(bool round, double x) { return round ? (Shape*) new Round(x) : new Square(x); }
#ifdef MAIN
int main(int argc, char** argv) { Shape* shape = make(argc > 1, 2); return int(all(&shape, 1, argv[0])); }
#endif
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bool], Image]:
    """The program as an image of a kind, stripped or not; compiled once."""

    @cache
    def image(kind: str, stripped: bool) -> Image:
        compiler, flags = KINDS[kind]
        return compiled(tmp_path_factory.mktemp("program"), PROGRAM, *flags, compiler=compiler, stripped=stripped)

    return image


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_that_instruction_by_instruction_is_found(
    kind: str, images: Callable[[str, bool], Image]
) -> None:
    image = images(kind, False)
    code = code_pieces(image)
    found = code_references(image, code)
    places = np.concatenate([part.places for part in found])
    addresses = np.concatenate([part.addresses for part in found])
    read = set(zip(np.searchsorted(image.functions.starts, places, "right") - 1, addresses.tolist(), strict=True))
    exact = exact_references(image, _functions(image), thumb=kind in {"Thumb", "ARM executable"})
    starts = set(code.starts[code.known].tolist()) - {0}
    own = image.functions.starts.tolist()
    meaning = {pair for pair in exact if pair[1] != own[pair[0]] and (pair[1] in starts or _is_data(image, pair[1]))}
    assert len(meaning) > 4
    assert meaning - read == set()


def _functions(image: Image) -> list[int]:
    """The functions of the program, without those that every program begins and ends with."""
    symbols = image.symbols
    named = [number for number in range(len(symbols)) if symbols.name(number).startswith(("_Z", "main"))]
    starting = {image.functions.starting(int(symbols.addresses[number])) for number in named}
    return sorted(number for number in starting if number is not None)


def _is_data(image: Image, address: int) -> bool:
    return any(s.address <= address < s.address + s.size for s in data_sections(image))


def needed(graph: ReferenceGraph, name: str) -> set[str]:
    """The names of the symbols that the function of a name leads to."""
    symbols = graph.image.symbols
    names = {symbols.name(number): number for number in range(len(symbols))}
    nodes = graph.pieces.at(symbols.addresses)
    found = reached(graph.edges, nodes[[names[name]]])
    return {other for other, number in names.items() if nodes[number] >= 0 and found[nodes[number]]}


@pytest.mark.parametrize("kind", KINDS)
def test_functions_lead_to_what_they_call_and_use(kind: str, images: Callable[[str, bool], Image]) -> None:
    graph = reference_graph(images(kind, False))
    made = {f"_ZTV{name}" for name in ("6Square", "5Round")} | {"_ZTI6Square", "_ZTS6Square", "_ZN6SquareD0Ev"}
    assert made <= needed(graph, "_Z4makebd")
    assert {"_Z8far_awayi", "_Z4picki", "_ZL5names"} <= needed(graph, "_Z3allPP5ShapeiPKc")
    assert not made & needed(graph, "_Z4picki")


@pytest.mark.parametrize("kind", ["shared", "executable", "fixed address", "AArch64"])
@pytest.mark.parametrize("stripped", [False, True])
def test_every_loaded_byte_of_code_and_data_is_some_nodes(
    kind: str, stripped: bool, images: Callable[[str, bool], Image]
) -> None:
    image = images(kind, stripped)
    pieces = reference_graph(image).pieces
    assert (pieces.starts[1:] >= pieces.ends[:-1]).all()
    covered = int((pieces.ends - pieces.starts).sum())
    sections = [*code_sections(image), *data_sections(image)]
    assert covered == sum(section.size for section in sections)


@pytest.mark.parametrize("section", [".text", ".rodata", ".eh_frame", ".eh_frame_hdr", ".gcc_except_table", ".plt"])
def test_headers_that_say_nonsense_do_no_harm(section: str, images: Callable[[str, bool], Image]) -> None:
    image = images("shared", False)
    for address in (0, (1 << 63) + 8, (1 << 64) - 16):
        sections = tuple(replace(s, address=address) if s.name == section else s for s in image.sections)
        graph = reference_graph(replace(image, sections=sections))
        assert (graph.sizes >= 0).all()
