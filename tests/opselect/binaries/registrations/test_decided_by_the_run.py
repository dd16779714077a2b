"""What only the run decides is no record: programs in, what is read of them and what is counted out.

The programs are compiled against declarations of the few functions that registrations call.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.records_json import allowed_json
from opselect.binaries.registrations.reading import read_registrations
from tests.opselect.audit.compiled import compiled

_DECLARATIONS = """
#include <cstdlib>
#include <initializer_list>
namespace tensorflow {
enum DataType { DT_FLOAT = 1, DT_DOUBLE = 2, DT_INT32 = 3, DT_INT8 = 6 };
struct KernelDef; struct OpKernel; struct OpKernelConstruction;
struct KernelDefBuilder {
  KernelDefBuilder(const char* op);
  ~KernelDefBuilder();
  KernelDefBuilder& Device(const char*);
  KernelDefBuilder& Label(const char*);
  KernelDefBuilder& Priority(int);
  KernelDefBuilder& HostMemory(const char*);
  KernelDefBuilder& TypeConstraint(const char*, DataType);
  const KernelDef* Build();
  KernelDef* def;
};
namespace register_kernel { struct Name : KernelDefBuilder { Name(const char* op); }; }
namespace kernel_factory {
struct OpKernelRegistrar { OpKernelRegistrar(const KernelDef*, const char*, OpKernel* (*)(OpKernelConstruction*)); };
}
}
using namespace tensorflow;
using register_kernel::Name;
static OpKernel* make(OpKernelConstruction*) { return nullptr; }
#define add(...) kernel_factory::OpKernelRegistrar((__VA_ARGS__).Build(), "Class", make)
#define AT_START(...) static const int at_start = [] { __VA_ARGS__; return 0; }();
bool asked(int);
"""


def read(folder: Path, level: str, source: str, stripped: bool) -> tuple[list[str], list[str]]:
    """The kernels that a program registers, in short, and why others could not be decoded."""
    image = compiled(folder, _DECLARATIONS + source, "-shared", "-fPIC", level, stripped=stripped)
    found = read_registrations(image)
    kernels = [
        " ".join(
            [kernel.op, kernel.device, kernel.label, str(kernel.priority), *kernel.host_memory_args]
            + [f"{each.attr}={allowed_json(each.allowed)}" for each in kernel.constraints]
        )
        for kernel in found.kernels
    ]
    return kernels, [undecoded.reason for undecoded in found.undecoded]


_LABEL, _PRIORITY = "what a call says that gives the label, of a kernel of op Add", "the priority of a kernel of op Add"
_HOST = "whether a call is made that names an argument that is in host memory, of a kernel of op Add"


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        ('AT_START(add(Name("Add").Device("CPU").Label(asked(1) ? "fast" : "")))', {_LABEL}),
        ('AT_START(add(Name("Add").Device("CPU").Priority(asked(1) ? 7 : 1)))', {_PRIORITY}),
        (
            'AT_START(Name b("Add"); b.Device("CPU"); if (asked(1)) b.HostMemory("x"); add(b))',
            {_HOST},
        ),
        (
            'AT_START(Name b("Add"); b.Device("CPU"); for (int i = 0; asked(i); i++) b.HostMemory("x"); add(b))',
            {_HOST, _HOST.replace("whether a call is made", "what a call says")},
        ),
        (
            'AT_START(for (int i = 0; asked(i); i++) add(Name("Add").Device("CPU")))',
            {"how often a loop registers a kernel of op Add", "its op"},
        ),
        (
            'AT_START(for (const char* name : {"Add", "Sub", "Mul"}) add(Name(name).Device("CPU")))',
            {"how often a loop registers a kernel of op Add", "its op"},
        ),
        (
            'char name[8] = "Add"; void rename(char c) { name[0] = c; } AT_START(add(Name(name).Device("CPU")))',
            {"its op"},
        ),
        (
            'DataType type = DT_FLOAT; AT_START(add(Name("Add").Device("CPU").TypeConstraint("T", type)))',
            {"what attr T may be of a kernel of op Add"},
        ),
    ],
    ids=["label", "priority", "passed over", "told in a loop", "loop", "loop of names", "name", "type"],
)
def test_a_kernel_that_the_run_decides_on_is_counted(
    tmp_path: Path, level: str, source: str, reasons: set[str]
) -> None:
    kernels, undecoded = read(tmp_path, level, source, stripped=False)
    assert not kernels
    assert len(undecoded) == 1
    assert set(undecoded) <= reasons


def test_what_a_loop_does_beside_a_registration_does_not_matter(tmp_path: Path) -> None:
    source = 'AT_START(while (asked(1)) abs(1); add(Name("Add").Device("CPU")); while (asked(2)) abs(2))'
    assert read(tmp_path, "-O2", source, stripped=False) == (["Add CPU  0"], [])


@pytest.mark.parametrize("stripped", [False, True])
def test_a_function_that_registers_is_read_for_each_who_calls_it(tmp_path: Path, stripped: bool) -> None:
    helper = '__attribute__((noinline)) void help(const char* op) { add(Name(op).Device("CPU")); }'
    one = '__attribute__((noinline)) int one() { help("One"); help("Two"); return 0; } int first = one();'
    two = '__attribute__((noinline)) int two() { add(Name("Own").Device("CPU")); help("Three"); return 0; }'
    kernels, undecoded = read(tmp_path, "-O1", f"{helper} {one} {two} int second = two();", stripped)
    assert sorted(kernel.split()[0] for kernel in kernels) == ["One", "Own", "Three", "Two"]
    assert not undecoded


def test_functions_between_that_only_hand_on_are_read_for_their_callers(tmp_path: Path) -> None:
    between = (
        "struct Own : KernelDefBuilder { __attribute__((noinline)) Own(const char* op) : KernelDefBuilder(op) {} };"
    )
    one = 'AT_START(add(Own("One").Device("CPU")); add(Own("Two").Device("CPU")))'
    kernels, undecoded = read(tmp_path, "-O0", f"{between} {one}", stripped=True)
    assert [kernel.split()[0] for kernel in kernels] == ["One", "Two"]
    assert not undecoded
