from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.binaries.image import Symbols
from opselect.binaries.names import LONGEST_NAME, dtypes_in, read_name, readable
from opselect.binaries.names.search import Beginnings

_COMPUTE = "_ZN10tensorflow8BinaryOpIN5Eigen16ThreadPoolDeviceENS_7functor3addIfEEE7ComputeEPNS_15OpKernelContextE"


@pytest.mark.parametrize(
    ("mangled", "text"),
    [
        ("_Z1fv", "f()"),
        ("_ZN3foo3barEic", "foo::bar(int, char)"),
        ("_ZNK3foo3barEv", "foo::bar() const"),
        ("_ZN3fooC2ERKS_", "foo::foo(foo const&)"),
        ("_ZN3fooCI24baseIiEIfEET_", "foo::base<float>(float)"),
        ("_ZN3foo3barIiED0Ev", "foo::bar<int>::~bar()"),
        ("_ZN3foocvbEv", "foo::operator bool()"),
        ("_ZN3fooplERKS_", "foo::operator+(foo const&)"),
        ("_Z1fPFviE", "f(void (*)(int))"),
        ("_Z1fM3fooKFviE", "f(void (foo::*)(int) const)"),
        ("_Z1fRA4_Ki", "f(int const (&) [4])"),
        ("_Z3maxIiET_S0_S0_", "int max<int>(int, int)"),
        ("_ZN3foo4makeIJifEEEvDpRKT_", "void foo::make<int, float>(int const&, float const&)"),
        ("_ZN1aIXadL_Z1fiEEE1gEv", "a<&(f(int))>::g()"),
        ("_ZN1aILb1ELi3ELin3ELj4EE1gEv", "a<true, 3, -3, 4u>::g()"),
        ("_ZN1aIL1b7EE1gEv", "a<(b)7>::g()"),
        ("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int>>::push_back(int const&)"),
        ("_ZZN3foo3barEvENKUliE_clEi", "foo::bar()::{lambda(int)#1}::operator()(int) const"),
        ("_ZZN3foo3barEvE1x_0", "foo::bar()::x"),
        ("_ZZ3barIiEvT_E1x", "bar<int>(int)::x"),
        ("_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()"),
        ("_ZTVN3foo3barIlEE", "vtable for foo::bar<long>"),
        ("_ZTIN3foo3barIlEE", "typeinfo for foo::bar<long>"),
        ("_ZTSN3foo3barIlEE", "typeinfo name for foo::bar<long>"),
        ("_ZGVZN3foo1fEvE1x", "guard variable for foo::f()::x"),
        ("_ZThn16_N3foo3barIlE1fEv", "non-virtual thunk to foo::bar<long>::f()"),
        ("_ZTv0_n24_N3foo1fEv", "virtual thunk to foo::f()"),
        ("_ZN3foo1fB5cxx11Ev", "foo::f[abi:cxx11]()"),
        ("_ZN3foo1fEv.isra.0", "foo::f() [clone .isra.0]"),
        ("_ZN3foo1fEv.cold", "foo::f() [clone .cold]"),
        ("__ZN3foo1fEv", "foo::f()"),
        ("_ZTIf@CXXABI_1.3", "typeinfo for float"),
    ],
)
def test_names_are_written_as_people_write_them(mangled: str, text: str) -> None:
    assert readable(mangled) == text


def test_a_member_of_a_template_says_its_class() -> None:
    name = read_name(_COMPUTE)
    assert name is not None
    assert name.owner == "tensorflow::BinaryOp<Eigen::ThreadPoolDevice, tensorflow::functor::add<float>>"
    assert (name.member, name.kind) == ("Compute", "")
    assert dtypes_in(name.owner) == (DataType.DT_FLOAT,)


@pytest.mark.parametrize("mangled", ["_ZTVN3foo3barIlEE", "_ZTIN3foo3barIlEE", "_ZThn8_N3foo3barIlE1fEv"])
def test_tables_and_thunks_belong_to_their_class(mangled: str) -> None:
    name = read_name(mangled)
    assert name is not None
    assert name.owner == "foo::bar<long>"


def test_what_is_local_to_a_member_belongs_to_the_class() -> None:
    lambda_call = read_name("_ZZN3foo3barIfE7ComputeEPiENKUliE_clEi")
    handler = read_name("_ZNSt17_Function_handlerIFvllEZN3foo3barIfE7ComputeEPiEUlllE_E9_M_invokeERKSt9_Any_data")
    assert lambda_call is not None
    assert handler is not None
    assert lambda_call.owner == handler.owner == "foo::bar<float>"


@pytest.mark.parametrize(
    ("text", "dtypes"),
    [
        ("CastOp<Eigen::half, std::complex<double>>", [DataType.DT_HALF, DataType.DT_COMPLEX128]),
        ("A<B<unsigned char>, unsigned long, long long>", [DataType.DT_UINT8, DataType.DT_UINT64, DataType.DT_INT64]),
        ("A<tsl::float8_internal::float8_e5m2, foo::int_, foo::Float>", [DataType.DT_FLOAT8_E5M2]),
        ("A<tensorflow::tstring, bool, 3, true>", [DataType.DT_STRING, DataType.DT_BOOL]),
        ("float_thing::int_maker", []),
        ("A<float, float, float>", [DataType.DT_FLOAT]),
    ],
)
def test_dtypes_among_template_arguments(text: str, dtypes: list[DataType]) -> None:
    assert list(dtypes_in(text)) == dtypes


@pytest.mark.parametrize("mangled", ["main", "", "_Z", "_ZN3fo", "_ZN3fooE4", "_Z1fS5_", "_Z1fT_", "?f@@YAXXZ"])
def test_what_is_no_name_stays_as_it_is(mangled: str) -> None:
    assert read_name(mangled) is None
    assert readable(mangled) == mangled


@pytest.mark.parametrize(
    "mangled",
    [
        "_Z1f" + "P" * 5000 + "i",
        "_Z1fI" * 2000,
        "_ZX" + "pl" * 5000,
        "_" + "Z" * 9000,
        "_Z1f" + "FvPS_" * 3000,
        "_Z1fPiFS_S_E" + "".join(f"FS{c}_S{c}_E" for c in string.digits + string.ascii_uppercase),
        "_Z1f" + "i" * (LONGEST_NAME + 1),
    ],
)
def test_hostile_names_end_at_a_limit(mangled: str) -> None:
    assert read_name(mangled) is None


@given(st.text(alphabet="_ZNSTIEJLKPRFMAXDCU0123456789abcdefilmstuv.", max_size=60), st.integers(0, len(_COMPUTE)))
def test_any_text_is_read_or_left(noise: str, cut: int) -> None:
    for mangled in ("_Z" + noise, _COMPUTE[:cut] + noise, _COMPUTE[:cut] + noise + _COMPUTE[cut:]):
        assert readable(mangled) or not mangled


def test_names_are_found_by_their_beginning() -> None:
    names = [b"_ZTV1a", b"_ZN1aE", b"_ZTV1b", b"_ZT", b"_ZTV1a_long"]
    starts = np.cumsum([0] + [len(name) + 1 for name in names])[:-1]
    text = np.frombuffer(b"".join(name + b"\0" for name in names), np.uint8)
    zeros = np.zeros(5, np.uint64)
    symbols = Symbols(
        zeros, zeros, np.zeros(5, np.uint8), np.zeros(5, bool), np.full(5, -1, np.int32), (), starts, text
    )
    beginnings = Beginnings(symbols)
    assert beginnings.starting_with(b"_ZTV").tolist() == [0, 2, 4]
    assert beginnings.starting_with(b"_ZTV1a_long").tolist() == [4]
    assert beginnings.starting_with(b"_ZTV1a_longer").tolist() == []
    assert beginnings.starting_with(b"").tolist() == [0, 1, 2, 3, 4]
    assert beginnings.continuing_with(b"_ZTV", [b"1a_lo", b"1b"]).tolist() == [0, 2, 4]
    assert beginnings.continuing_with(b"_ZTV", [b"1a_lo", b"1b_no"]).tolist() == [4]
    assert beginnings.continuing_with(b"_ZTV", []).tolist() == []
    assert Beginnings(Symbols.none()).starting_with(b"_ZTV").tolist() == []
