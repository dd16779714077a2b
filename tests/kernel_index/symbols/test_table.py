from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.symbols.outline import declarations, without_literals
from kernel_index.symbols.table import SymbolTable, read_symbols


def symbols(text: str) -> SymbolTable:
    return read_symbols(without_literals(text))


DECLARED = {
    "int f(int x);": {"f"},
    "namespace a { namespace b { Status f(const T& x, std::function<void(int, int)> done); } }": {"f"},
    "extern int kLimit;": {"kLimit"},
    'extern "C" { void f(int); }': {"f"},
    "template <typename T, int N = (3 > 2)> std::map<int, T> f(T x);": {"f"},
    "class A { public: A(); void f() const; static int g(int); int size() { return 0; } };": {"A::A", "A::f", "A::g"},
    "struct A { static const int kSize; int size_; };": {"A::kSize"},
    "struct A { virtual void f() = 0; A(const A&) = delete; A() = default; };": set(),
    "struct A { struct B { void f(); }; };": {"B::f"},
    "struct A { friend bool operator==(const A& a, const A& b); };": {"operator==(A &,A &)"},
    "struct A { bool operator()(int x) const; A& operator=(const A&); };": {"A::operator()", "A::operator="},
    "struct EXPORT A : public B<C, D> { void f() override; };": {"A::f"},
    "struct A final { [[nodiscard]] MUST_USE_RESULT int f() const ABSL_LOCKED(mu_); };": {"A::f"},
    "TF_ATTRIBUTE(x) int f();": {"f"},
    "struct A f(int x); struct B<C> g();": {"f", "g"},
    "struct alignas(8) A { void f(); }; struct [[nodiscard]] B { void f(); }; class EXPORT(x) C { void f(); };": {
        "A::f",
        "B::f",
        "C::f",
    },
    "static int f(); namespace { int g(); }": set(),
    "class A; enum B { kOne }; using C = A; typedef A D;": set(),
}


@pytest.mark.parametrize("text", DECLARED)
def test_what_is_declared_and_not_defined(text: str) -> None:
    assert symbols(text).declared.keys() == DECLARED[text]


DEFINED = {
    "int f(int x) { return x; }": {"f"},
    "void A::f(int x) const { if (x) { g(); } }": {"A::f"},
    "A::A(int x) : x_(x), y_{x} { g(); }": {"A::A"},
    "A::~A() {}": {"A::~A"},
    "void functor::Fill<CPUDevice, T>::operator()(const CPUDevice& d) { d.fill(); }": {"Fill::operator()"},
    "int A::kSize = 3; const int A::kOther; int global; int list[] = {1, 2};": {
        "A::kSize", "A::kOther", "global", "list",
    },
    "template <> Status f<CPUDevice>(const CPUDevice& d) { return OK; }": {"f"},
    "template struct functor::Fill<CPUDevice, float>;": {"Fill::*"},
    "template class A<int, B<3>>;": {"A::*"},
    "template Status f<float>(float x);": {"f"},
    "template void A<float>::f(int);": {"A::f"},
    "struct A* f(struct B b) { return nullptr; } int g() { return 1; }": {"f", "g"},
    "static int f() { return 1; } namespace { int g() { return 2; } int h; }": set(),
    "inline int f() { return 1; } constexpr int kOne = 1; extern template struct A<int>;": set(),
    "TF_CALL_float(DEFINE) TF_CALL_int32(DEFINE) int f() { return 1; }": {"f"},
    'const char* f() { return "}{;"; } char g() { return \'{\'; }': {"f", "g"},
}  # fmt: skip


@pytest.mark.parametrize("text", DEFINED)
def test_what_an_object_file_gives_to_others(text: str) -> None:
    assert symbols(text).defined.keys() == DEFINED[text]


def test_templates_are_generic_until_something_instantiates_them() -> None:
    table = symbols("template <typename T> void A<T>::f(T x) { g(x); } template <typename T> T h(T x) { return x; }")
    assert (table.generic, table.defined) == ({"A::f", "h"}, {})
    assert table.bodies == {"A::f": {"T"}, "h": {"template T"}}


def test_instantiations_name_their_data_types() -> None:
    text = (
        "template struct A<CPUDevice, Eigen::half>; template struct A<CPUDevice, T>; template struct A<int64_t, float>;"
    )
    assert symbols(text).defined == {"A::*": {("DT_HALF",), (), ("DT_FLOAT", "DT_INT64")}}


def test_constructors_operators_and_virtual_functions_are_implied() -> None:
    table = symbols("struct A { A(); ~A(); void f(); virtual void g(); void h() override; bool operator<(A) const; };")
    assert table.implied == {"A::A", "A::~A", "A::g", "A::h", "A::operator<"}


def test_overloads_are_told_apart_by_parameters() -> None:
    table = symbols("Status f(const A& a, int n); template <typename T> Status f(const A& b, int m = 2) { return x; }")
    assert table.declared == {"f": {"A &,int"}}
    assert table.bodies == {"f": {"template A &,int"}}


def test_a_specialisation_for_the_cpu_stands_for_the_primary_template() -> None:
    text = """
    template <typename Device, typename T> struct A { void operator()(const Device& d, T x); };
    template <typename T> struct A<CPUDevice, T> { void operator()(const CPUDevice& device, T y) { g(y); } };
    """
    table = symbols(text)
    assert table.declared == {"A::operator()": {"Device &,T"}}
    assert table.bodies == {"A::operator()": {"Device &,T"}}
    only = symbols(
        "template <> struct A<CPUDevice, string> { void operator()(const CPUDevice& d, string x) { g(x); } };"
    )
    assert only.bodies == {}


def test_a_class_mentions_what_its_members_do() -> None:
    table = symbols("struct A : B { void f() { g(kOne); } }; void A::h() { i(); } int j() { return k; }")
    assert table.entities["A"] >= {"B", "f", "g", "kOne", "i"}
    assert table.entities["j"] >= {"k"}
    assert "k" not in table.entities["A"]


def test_what_extern_template_names_is_defined_elsewhere_and_used_nowhere() -> None:
    table = symbols("extern template struct A<float>;")
    assert (table.extern, table.roots) == ({"A::*"}, set())


@given(st.text("ab {}()<>;:,=~&*[]#\"'\n\\", max_size=60) | st.text(max_size=30))
def test_any_text_is_read(text: str) -> None:
    assert symbols(text).declared.keys().isdisjoint({""})


_words = st.sampled_from(
    ["a", "A", "::", "<", ">", "(", ")", "{", "}", ";", "template", "struct", "operator", "=", "extern", "static", ",",
     "~", "namespace", "using", "typedef", "[", "]", "friend", "class", "const"]
)  # fmt: skip


@given(st.lists(_words, max_size=40).map(" ".join))
def test_any_words_of_cpp_are_read(text: str) -> None:
    assert all(d.head.strip() or d.body is not None for d in declarations(text))
    symbols(text)
