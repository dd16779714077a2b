"""Small trees in which one file must be found by one rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.profiles import BuildProfile
from kernel_index.scan import scan_tree
from tests.kernel_index.scan.trees import PLAIN, UNIT, tree

KERNELS = "tensorflow/core/kernels/"
SLIM = BuildProfile("slim", {"SLIM": "1"})


def needs(folder: Path, unit: str, files: dict[str, str], profile: BuildProfile = PLAIN) -> dict[str, str]:
    """The files that a source text needs, each with the symbol that asks for it."""
    texts = {name if "/" in name else KERNELS + name: text for name, text in files.items()}
    scan = scan_tree(tree(folder, unit, texts), profiles=[profile], jobs=1)
    return {d.file.removeprefix(KERNELS): d.symbol for d in scan.dependencies.get(UNIT, ())}


H = '#include "h.h"\n'
HELPER = {"h.h": "int f(int x);\n", "h.cc": H + "int f(int x) { return x; }\n"}
FUNCTOR = "template <typename D, typename T> struct Fill { void operator()(const D& d, T x); };\n"
DEFINE = "template <typename D, typename T> void Fill<D, T>::operator()(const D& d, T x) { d.f(x); }\n"

BODY = '#include "body.h"\n'
CALL = "int g() { return f(1); }\n"
FILL = "void g(CPUDevice d) { Fill<CPUDevice, T>()(d, 1); }\n"
INSTANCE = "template struct Fill<CPUDevice, T>;\n"
WITH_BODY = {"h.h": FUNCTOR, "body.h": f"{H}{DEFINE}"}
LIB, CONTRACTION, CONTRIB = "tensorflow/core/lib", "tensorflow/tsl/framework/contraction", "tensorflow/contrib/x/lib"

CASES = {
    "a function": (H + CALL, HELPER, {"h.cc": "f"}),
    "included and not used": (H + "int g() { return 1; }\n", HELPER, {}),
    "declared by itself": ("extern int f(int x);\nint g() { return f(1); }\n", HELPER, {"h.cc": "f"}),
    "used by a macro of its own": (H + "#define USE(x) f(x)\nint g() { return USE(1); }\n", HELPER, {"h.cc": "f"}),
    "used in a branch that is not compiled": (H + "#if GOOGLE_CUDA\nint g() { return f(1); }\n#endif\n", HELPER, {}),
    "a method": (
        H + "int g(A* a) { return a->f(); }\n",
        {"h.h": "class A { public: int f(); int k(); };\n", "h.cc": H + "int A::f() { return 1; }\n",
         "k.cc": H + "int A::k() { return 1; }\n"},
        {"h.cc": "A::f"},
    ),
    "a virtual function of a base class": (
        H + "class B : public A {};\nB b;\n",
        {"h.h": "class A { public: virtual int f(); };\n", "h.cc": H + "int A::f() { return 1; }\n"},
        {"h.cc": "A::f"},
    ),
    "a static member and an extern variable": (
        H + "int g() { return A::kOne + kTwo; }\n",
        {"h.h": "struct A { static const int kOne; };\nextern const int kTwo;\n",
         "one.cc": H + "const int A::kOne = 1;\n",
         "two.cc": H + "const int kTwo = 2;\n"},
        {"one.cc": "A::kOne", "two.cc": "kTwo"},
    ),
    "through an inline function of a header": (
        '#include "i.h"\nint g() { return i(); }\n',
        {**HELPER, "i.h": H + "inline int i() { return f(1); }\ninline int j() { return 2; }\n"},
        {"h.cc": "f"},
    ),
    "through an inline function that is not used": (
        '#include "i.h"\nint g() { return j(); }\n',
        {**HELPER, "i.h": H + "inline int i() { return f(1); }\ninline int j() { return 2; }\n"},
        {},
    ),
    "explicit instantiations in several files": (
        H + FILL,
        {**WITH_BODY,
         "h_1.cc": '#include "body.h"\n#define MAKE(T) template struct Fill<CPUDevice, T>;\nMAKE(float)\n',
         "h_2.cc": '#include "body.h"\ntemplate struct Fill<CPUDevice, int>;\n'},
        {"h_1.cc": "Fill::operator()"},
    ),
    "an instantiation that a header writes": (
        H + FILL,
        {"h.h": FUNCTOR, "impl.h": H + DEFINE + "template struct Fill<CPUDevice, N>;\n",
         "h_1.cc": '#define N 1\n#include "impl.h"\n'},
        {"h_1.cc": "Fill::operator()"},
    ),
    "an instantiation by a macro that no semicolon ends": (
        H + FILL,
        {"h.h": FUNCTOR,
         "impl.h": H + DEFINE + "#define MAKE(T) template struct Fill<CPUDevice, T>;\nnamespace n {\nMAKE(N)\n}\n",
         "h_1.cc": '#define N 1\n#include "impl.h"\n'},
        {"h_1.cc": "Fill::operator()"},
    ),
    "a template that everyone can instantiate": (
        BODY + FILL,
        {**WITH_BODY, "h_1.cc": BODY + INSTANCE},
        {},
    ),
    "extern template of what everyone could instantiate": (
        f"{BODY}extern {INSTANCE}{FILL}",
        {**WITH_BODY, "h_1.cc": BODY + INSTANCE},
        {"h_1.cc": "Fill::*"},
    ),
    "a specialisation of a function template": (
        H + "void g(CPUDevice d) { Turn<CPUDevice>(d); }\n",
        {"h.h": "template <typename D> void Turn(const D& d);\n",
         "h.cc": H + "template <> void Turn(const CPUDevice& d) {}\n"},
        {"h.cc": "Turn"},
    ),
    "an overload of an inline function": (
        H + "void g() { f(1, 2); }\n",
        {"h.h": "int f(int x, int y);\ninline int f(int x) { return x; }\n",
         "h.cc": H + "int f(int x, int y) { return x; }\n"},
        {"h.cc": "f"},
    ),
    "the kernel class of a registration": (
        '#include "op.h"\nREGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), AOp<CPUDevice>);\n',
        {**HELPER, "op.h": H + "template <typename D> class AOp { void Compute() { f(1); } };\n"},
        {"h.cc": "f"},
    ),
    "a factory that another file defines": (
        H + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), AOp);\n',
        {"h.h": "class AOp { public: explicit AOp(Construction* c); };\n",
         "h.cc": H + "AOp::AOp(Construction* c) {}\n"},
        {"h.cc": "AOp::AOp"},
    ),
    "definitions in a namespace without a name": (
        H + CALL,
        {**HELPER, "own.cc": H + "namespace {\nint f(int x) { return x; }\n}\n"},
        {"h.cc": "f"},
    ),
    "only one of two copies": (
        H + FILL,
        {**WITH_BODY, "h_1.cc": BODY + INSTANCE, "copy.cc": f"// A copy.\n{BODY}{INSTANCE}",
         "h_2.cc": BODY + "\n\n" + INSTANCE + "int g;\n"},
        {"copy.cc": "Fill::operator()", "h_2.cc": "Fill::operator()"},
    ),
    "files of the base library": (
        '#include "tensorflow/core/lib/b.h"\nint g() { return f(1); }\n',
        {f"{LIB}/b.h": "int f(int x);\n",
         f"{LIB}/b.cc": f'#include "{LIB}/b.h"\nint f(int x) {{ return x; }}\n'},
        {},
    ),
    "a specialisation that a library outside the tree uses": (
        f'#if defined(TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL)\n#include "{CONTRACTION}/c.h"\n#endif\nint g();\n',
        {f"{CONTRACTION}/c.h": "bool Use();\nnamespace Eigen {\ntemplate <> struct Kernel<float> "
         "{ bool f() { return Use(); } };\n}\n",
         f"{CONTRACTION}/c.cc": f'#include "{CONTRACTION}/c.h"\nbool Use() {{ return true; }}\n'},
        {"tensorflow/tsl/framework/contraction/c.cc": "Use"},
    ),
    "a member that a template of the base library calls": (
        H + f'#include "{LIB}/box.h"\nvoid g(A a) {{ Box b = a; }}\n',
        {"h.h": "struct A { void Encode() const; void Other() const; };\n",
         "encode.cc": H + "void A::Encode() const {}\n",
         "other.cc": H + "void A::Other() const {}\n",
         f"{LIB}/box.h": "struct Box { template <typename T> Box(const T& x) { x.Encode(); } };\n"},
        {"encode.cc": "A::Encode"},
    ),
    "helpers in contrib": (
        '#include "tensorflow/contrib/x/lib/h.h"\nint g() { return f(1); }\n',
        {f"{CONTRIB}/h.h": "int f(int x);\n",
         f"{CONTRIB}/h.cc": f'#include "{CONTRIB}/h.h"\nint f(int x) {{ return x; }}\n',
         "tensorflow/contrib/x/ops.cc": 'REGISTER_OP("X");\n'},
        {"tensorflow/contrib/x/lib/h.cc": "f"},
    ),
    "an operator outside classes": (
        H + "void g(const A& a) { LOG(INFO) << a; }\n",
        {"h.h": "struct A {};\nstd::ostream& operator<<(std::ostream& os, const A& a);\n",
         "h.cc": H + "std::ostream& operator<<(std::ostream& os, const A& a) { return os; }\n",
         "i.cc": "std::ostream& operator<<(std::ostream& os, const B& b) { return os; }\n"},
        {"h.cc": "operator<<(ostream &,A &)"},
    ),
    "names that a macro builds": (
        H + "void g(CPUDevice d) { Fill<CPUDevice, T>()(d, 1); Sum(1); }\n",
        {**WITH_BODY, "h.h": FUNCTOR + "int Sum(int x);\n",
         "h_1.cc": '#include "body.h"\n#define MAKE(F, T) template struct F<CPUDevice, T>;\nMAKE(Fill, float)\n',
         "h_2.cc": H + "#define OP(N, S) int N##m(int x) { return S; }\nOP(Su, (x, 1))\n"},
        {"h_1.cc": "Fill::operator()", "h_2.cc": "Sum"},
    ),
    "a definition for GPU builds only": (
        H + CALL,
        {"h.h": "int f(int x);\n", "h_gpu.cu.cc": H + "int f(int x) { return x; }\n"},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_file_needs(case: str, tmp_path: Path) -> None:
    unit, files, expected = CASES[case]
    assert needs(tmp_path, unit, files) == expected


def test_profiles_have_needs_of_their_own(tmp_path: Path) -> None:
    unit = H + "#ifndef SLIM\nint g() { return f(1); }\n#endif\n"
    texts = {KERNELS + name: text for name, text in HELPER.items()}
    scan = scan_tree(tree(tmp_path, unit, texts), profiles=[PLAIN, SLIM], jobs=1)
    (dependency,) = scan.dependencies[UNIT]
    assert (dependency.file, dependency.profiles) == (f"{KERNELS}h.cc", ("desktop",))
    assert dependency.declared_in == f"{KERNELS}h.h"


def test_what_no_profile_decides_may_be_compiled(tmp_path: Path) -> None:
    files = {**HELPER, "config.h": "#ifdef FAST\n#define HAVE_FAST\n#endif\n"}
    unit = H + '#include "config.h"\n#ifdef HAVE_FAST\nint g() { return f(1); }\n#else\nint g() { return 0; }\n#endif\n'
    assert needs(tmp_path, unit, files) == {"h.cc": "f"}


TYPES = {
    **WITH_BODY,
    "h_half.cc": '#include "body.h"\ntemplate struct Fill<CPUDevice, Eigen::half>;\n',
    "h_double.cc": '#include "body.h"\ntemplate struct Fill<CPUDevice, double>;\n',
    "h_complex64.cc": '#include "body.h"\ntemplate struct Fill<CPUDevice, complex64>;\n',
    "tensorflow/core/framework/register_types.h":
        "#ifdef SLIM\n#define TF_CALL_half(m)\n#else\n#define TF_CALL_half(m) m(Eigen::half)\n#endif\n",
}  # fmt: skip
USE = "template <typename T> void g(CPUDevice d) { Fill<CPUDevice, T>()(d, 1); }\n"

USED = {
    "template void g<Eigen::half>(CPUDevice d);\n": {"h_half.cc"},
    "MAKE(double)\n": {"h_double.cc"},
    "template void g<complex128>(CPUDevice d);\n": {"h_double.cc"},
    "double x = static_cast<double>(1); std::vector<double> y;\n": set(),
    "TF_CALL_half(MAKE)\n": {"h_half.cc"},
    "TF_CALL_other(MAKE)\n": {"h_half.cc", "h_double.cc", "h_complex64.cc"},
}


@pytest.mark.parametrize("use", USED)
def test_instantiations_for_types_that_a_file_does_not_use_are_left_out(use: str, tmp_path: Path) -> None:
    unit = f'{H}#include "tensorflow/core/framework/register_types.h"\n{USE}{use}'
    assert needs(tmp_path, unit, TYPES).keys() == USED[use]


def test_a_type_list_depends_on_the_profile(tmp_path: Path) -> None:
    unit = f'{H}#include "tensorflow/core/framework/register_types.h"\n{USE}TF_CALL_half(MAKE)\n'
    assert needs(tmp_path, unit, TYPES, SLIM) == {}
