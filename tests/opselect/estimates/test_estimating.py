"""What is expected of files by what tables know of them, and how wide the band is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.shipped.sizes import ClassSize, FileSize, Kind, SizeTable
from opselect.estimates import Basis, FileToCompile, KeptClasses, SizeEstimate, estimate
from opselect.estimates.kept_classes import share_of
from opselect.estimates.siblings import family_of

KERNELS = "tensorflow/core/kernels/"


def table(
    files: dict[str, FileSize], kind: Kind = "objects", profile: str = "android", release: str = "2.14.1"
) -> SizeTable:
    return SizeTable(kind, "cc 1", "x86-64", "-Os", profile, release, files)


def estimated(
    files: Sequence[FileToCompile], *tables: SizeTable, release: str = "2.14.1", profile: str = "android"
) -> SizeEstimate:
    found = estimate(files, release, profile, tables)
    assert found is not None
    return found


A = FileToCompile(KERNELS + "a.cc", 2, 2)
B = FileToCompile(KERNELS + "b.cc", 3, 3)
MEASURED_A = {A.path: FileSize(100_000, 2, 2)}


def width(found: SizeEstimate) -> float:
    return found.high / found.low


def test_a_file_that_was_measured_is_known_to_the_percent() -> None:
    found = estimated([A], table(MEASURED_A))
    assert found.files[0].basis is Basis.MEASURED
    assert found.bytes == pytest.approx(100_000, rel=0.001)
    assert found.low < 100_000 < found.high
    assert width(found) < 1.05
    assert (found.compiled_as.compiler, found.compiled_as.profile) == ("cc 1", "android")


@pytest.mark.parametrize(
    ("tables", "release", "profile", "basis"),
    [
        ([table(MEASURED_A)], "2.14.1", "android", Basis.MEASURED),
        ([table(MEASURED_A)], "v2.14.0", "android", Basis.MEASURED),
        ([table(MEASURED_A)], "2.14.1", "android+-DX", Basis.OTHER_PROFILE),
        ([table(MEASURED_A)], "2.14.1", "ios", Basis.OTHER_PROFILE),
        ([table(MEASURED_A)], "2.16.1", "android", Basis.OTHER_RELEASE),
        ([table(MEASURED_A)], "1.4.1", "ios", Basis.OTHER_RELEASE),
        ([table({}), table(MEASURED_A, "library", "desktop")], "2.14.1", "android", Basis.DESKTOP_LIBRARY),
        ([table({}), table(MEASURED_A, "library", "desktop")], "2.17.0", "android", Basis.DESKTOP_LIBRARY),
        ([table({})], "2.14.1", "android", Basis.REGISTRATIONS),
    ],
)
def test_the_surest_that_is_known_counts(tables: list[SizeTable], release: str, profile: str, basis: Basis) -> None:
    found = estimated([A], *tables, release=release, profile=profile)
    assert [each.basis for each in found.files] == [basis]


NEAR_AND_FAR = (("near", "2.14.1"), ("far", "1.15.5"))


def test_it_is_said_how_the_nearest_release_was_compiled() -> None:
    near, far = (
        SizeTable("objects", name, "x86-64", "-Os", "ios", release, MEASURED_A) for name, release in NEAR_AND_FAR
    )
    for tables in ((near, far), (far, near)):
        assert estimated([A], *tables, release="2.16.1", profile="ios").compiled_as.compiler == "near"


def test_the_smallest_objects_are_off_by_some_bytes_and_never_below_nothing() -> None:
    found = estimated([A], table({A.path: FileSize(30, 2, 2)}))
    assert (found.low, found.files[0].low) == (0, 0)
    assert found.high >= 94
    hundred = estimated([A], table({A.path: FileSize(100, 2, 2)}))
    assert hundred.low <= 36


def test_the_less_is_known_the_wider_the_band() -> None:
    objects, library = table(MEASURED_A), table(MEASURED_A, "library", "desktop")
    found = [
        estimated([A], objects),
        estimated([A], objects, profile="ios"),
        estimated([A], objects, release="2.17.0", profile="ios"),
        estimated([A], table({}), library),
        estimated([A], table({})),
    ]
    widths = list(map(width, found))
    assert widths == sorted(widths)
    assert len(set(widths)) == len(widths)


def test_more_kernels_in_a_profile_are_more_bytes_and_a_wider_band() -> None:
    few = estimated([A], table(MEASURED_A), profile="ios")
    many = estimated([FileToCompile(A.path, 12, 12)], table(MEASURED_A), profile="ios")
    assert many.bytes > 2 * few.bytes
    assert width(many) > width(few)


def test_a_file_of_a_fork_with_other_kernels_is_not_the_one_that_was_measured() -> None:
    found = estimated([FileToCompile(A.path, 3, 3)], table(MEASURED_A))
    assert found.files[0].basis is Basis.OTHER_RELEASE
    assert found.bytes > 120_000


def test_definitions_of_ops_are_the_same_in_every_profile() -> None:
    path = "tensorflow/core/ops/math_ops.cc"
    known = table({path: FileSize(50_000, 90)})
    assert estimated([FileToCompile(path)], known, profile="ios").files[0].basis is Basis.MEASURED


def test_a_file_of_nobody_is_in_no_number() -> None:
    own = FileToCompile("my_ops/mine.cc", 3, own=True)
    with_it = estimated([A, own], table(MEASURED_A))
    without = estimated([A], table(MEASURED_A))
    assert with_it.unknown == ("my_ops/mine.cc",)
    assert (with_it.bytes, with_it.low, with_it.high, with_it.files) == (
        *(without.bytes, without.low, without.high),
        without.files,
    )


def test_without_any_objects_nothing_is_said() -> None:
    assert estimate([A], "2.14.1", "android", [table(MEASURED_A, "library", "desktop")]) is None


def test_nothing_selected_takes_nothing() -> None:
    found = estimated([], table(MEASURED_A))
    assert (found.bytes, found.low, found.high, found.files) == (0, 0, 0, ())


def test_a_file_named_twice_counts_once() -> None:
    assert estimated([A, A], table(MEASURED_A)) == estimated([A], table(MEASURED_A))


def test_the_band_of_a_sum_is_relatively_narrower_than_those_of_its_files() -> None:
    files = [FileToCompile(f"{KERNELS}{number}.cc", 3) for number in range(30)]
    one, all_of = (estimated(some, table({})) for some in (files[:1], files))
    assert all_of.bytes == pytest.approx(30 * one.bytes, rel=0.01)
    assert width(all_of) < width(one) / 2


SIZES = st.integers(1, 10_000_000)
COUNTS = st.integers(0, 9).flatmap(lambda count: st.tuples(st.just(count), st.integers(min(count, 1), count)))
KNOWN = st.dictionaries(st.sampled_from([f"{KERNELS}{name}.cc" for name in "abcdefgh"]), SIZES, min_size=1)


@given(KNOWN, KNOWN, st.sampled_from(["android", "ios"]), st.data())
def test_more_files_are_never_smaller(
    measured: dict[str, int], library: dict[str, int], profile: str, data: st.DataObject
) -> None:
    tables = (
        table({path: FileSize(size, 2, 2) for path, size in measured.items()}),
        table({path: FileSize(size, 5) for path, size in library.items()}, "library", "desktop"),
    )
    paths = sorted({*measured, *library, KERNELS + "new.cc"})
    files = [FileToCompile(path, *data.draw(COUNTS)) for path in paths]
    fewer = data.draw(st.lists(st.sampled_from(files), unique=True))
    some, more = (estimated(part, *tables, profile=profile) for part in (fewer, files))
    assert some.bytes <= more.bytes
    assert some.low <= more.low + 1
    assert some.high <= more.high + 1
    assert some.low <= some.bytes <= some.high
    for each in more.files:
        assert 0 <= each.low <= each.bytes <= each.high


CLASSES = {"A<int>": ClassSize(30_000, 50_000), "A<float>": ClassSize(20_000, 40_000)}
BY_CLASS = table({A.path: FileSize(100_000, 2, 2, 80_000, CLASSES)})


def kept(*names: str) -> FileToCompile:
    return FileToCompile(A.path, 2, 2, KeptClasses(frozenset(names), len(names)))


def test_a_header_leaves_the_bytes_of_the_classes_that_it_keeps() -> None:
    # 20,000 are there without any kernel, which register the two; these share 30,000, of which each needs 20,000.
    found = estimated([kept("A<int>")], BY_CLASS)
    assert found.bytes == pytest.approx(60_000, rel=0.01)
    assert found.low == pytest.approx(55_000, rel=0.02)
    assert found.high == pytest.approx(70_000, rel=0.02)
    assert estimated([kept("A<float>")], BY_CLASS).bytes == pytest.approx(50_000, rel=0.01)


def test_a_header_that_keeps_all_classes_changes_nothing() -> None:
    assert estimated([kept("A<int>", "A<float>")], BY_CLASS) == estimated([A], BY_CLASS)


def test_without_bytes_of_classes_kernels_count_alike_and_the_band_says_so() -> None:
    whole, half = (
        estimated([FileToCompile(B.path, 2, 2)], table({B.path: FileSize(100_000, 2, 2)})),
        estimated(
            [FileToCompile(B.path, 2, 2, KeptClasses(frozenset(["X"]), 1))], table({B.path: FileSize(100_000, 2, 2)})
        ),
    )
    assert 0.4 * whole.bytes < half.bytes < 0.7 * whole.bytes
    assert half.low < 0.4 * whole.bytes
    assert half.high > 0.99 * whole.bytes


def test_without_bytes_of_classes_more_kept_kernels_are_more_bytes_at_least() -> None:
    few, many = (share_of(KeptClasses(frozenset(["X"]), kept), 10, None) for kept in (1, 9))
    assert 0 < few.low < few.middle < few.high
    assert few.low < many.low <= many.middle


def test_what_registers_kernels_is_there_once_at_most() -> None:
    measured = FileSize(1000, 10, 2, 500, {"A": ClassSize(100, 100), "B": ClassSize(400, 400)})
    assert share_of(KeptClasses(frozenset(["A"]), 9), 10, measured).high == pytest.approx(0.6)


def test_a_file_is_about_as_large_as_those_that_are_made_alike() -> None:
    siblings = {f"{KERNELS}tile_{each}.cc": FileSize(size, 0) for each, size in (("float", 90_000), ("int8", 110_000))}
    found = estimated([FileToCompile(KERNELS + "tile_uint64.cc")], table(siblings))
    assert found.files[0].basis is Basis.SIBLINGS
    assert 90_000 < found.bytes < 130_000
    other = estimated([FileToCompile(KERNELS + "tile_functor.cc")], table(siblings))
    assert other.files[0].basis is Basis.REGISTRATIONS


def test_siblings_that_register_nothing_say_nothing_of_one_that_does() -> None:
    empty = table({KERNELS + "conv_half.cc": FileSize(251, 0)})
    found = estimated([FileToCompile(KERNELS + "conv_float.cc", 2, 2)], empty)
    assert found.files[0].basis is Basis.REGISTRATIONS


def test_a_helper_has_more_code_where_there_are_more_types() -> None:
    helper = FileToCompile(KERNELS + "slice.cc")
    measured = table({helper.path: FileSize(25_000, 0)})
    few, many = (estimated([helper], measured, profile=profile) for profile in ("ios", "desktop+-DX"))
    assert few.bytes == pytest.approx(25_000, rel=0.05)
    assert many.bytes > 2 * few.bytes
    assert width(many) > width(few)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("a/tile_functor_cpu_int32.cc", "a/tile_functor_cpu"),
        ("a/slice_op_cpu_impl_7.cc", "a/slice_op_cpu_impl"),
        ("a/cast_op_impl_bfloat.cc", "a/cast_op_impl"),
        ("a/qr_op_complex128.cc", "a/qr_op"),
        ("a/tile_functor_cpu_tstring.cc", "a/tile_functor_cpu"),
        ("a/matmul_op_real.cc", "a/matmul_op"),
        ("a/relu_op.cc", ""),
        ("a/float.cc", ""),
        ("a/cast_op_impl_int32.h", ""),
    ],
)
def test_families_by_their_names(name: str, family: str) -> None:
    assert family_of(name) == family


def test_what_files_of_one_release_have_in_common_does_not_even_out() -> None:
    files = [FileToCompile(f"{KERNELS}{number}.cc", 3, 3) for number in range(400)]
    known = table({file.path: FileSize(100_000, 3, 3) for file in files}, release="1.15.5")
    found = estimated(files, known, release="2.14.1")
    assert found.high / found.bytes > 1.15
    assert found.low / found.bytes < 0.9


def test_a_file_of_which_little_is_known_and_little_is_kept_is_no_less_than_nothing() -> None:
    (found,) = estimated([FileToCompile(A.path, 9, 9, KeptClasses(frozenset(["X"]), 1))], table({})).files
    assert 0 <= found.low < found.bytes < found.high


def test_classes_are_those_of_the_profile_where_it_was_measured() -> None:
    other = table({A.path: FileSize(100_000, 2, 2, 80_000, {"A<int>": ClassSize(1_000, 1_000)})}, profile="a")
    assert estimated([kept("A<int>")], other, BY_CLASS) == estimated([kept("A<int>")], BY_CLASS)
    assert estimated([kept("A<int>")], other, BY_CLASS, profile="a") != estimated([kept("A<int>")], BY_CLASS)


def test_a_file_of_gradients_is_not_small_for_it_defines_no_op() -> None:
    """``array_grad.cc`` of 1.15 has 42,836 bytes; it stands beside the definitions of ops."""
    found = estimated([FileToCompile("tensorflow/core/ops/array_grad.cc")], table({}))
    assert found.low < 42_836 < found.high
