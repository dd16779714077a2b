from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kernel_index.columns.definitions import DEPRECATIONS, UNITS, DefinitionReader, write_definitions
from kernel_index.columns.lists import listed_files, read_lists, write_lists
from kernel_index.columns.packed import PackedColumns, pack
from kernel_index.columns.registration_reader import RegistrationReader
from kernel_index.columns.registration_writer import RegistrationWriter
from kernel_index.columns.sources import (
    included_files,
    read_includes,
    read_type_lists,
    write_includes,
    write_type_lists,
)
from kernel_index.datatypes import DataType
from kernel_index.records import BuildLists, Constraint, KernelRegistration, Location, OpDefinition
from tests.kernel_index.columns.strategies import (
    DEFINITION_FIELDS,
    FILES,
    PROFILES,
    REGISTRATION_FIELDS,
    definitions,
    registrations,
    text_tuples,
    texts,
)

number = {path: n for n, path in enumerate(FILES)}.__getitem__


def written(ops: Sequence[Sequence[KernelRegistration]]) -> dict[str, list[str]]:
    writer = RegistrationWriter(number, PROFILES)
    for records in ops:
        writer.add(records)
    return writer.columns()


def through_a_file(columns: dict[str, list[str]]) -> Callable[[str], list[str]]:
    return PackedColumns("index", pack("1.0.0", ["desktop"], columns)).column


@given(st.lists(st.lists(registrations, max_size=6), max_size=3))
def test_registrations_come_back_with_all_their_types(ops: list[list[KernelRegistration]]) -> None:
    reader = RegistrationReader(through_a_file(written(ops)), lambda: FILES, PROFILES)
    assert [repr(list(reader.registrations(k, "Op"))) for k in range(len(ops))] == [repr(records) for records in ops]


@given(st.lists(definitions, max_size=5))
def test_definitions_come_back_with_all_their_types(records: list[OpDefinition]) -> None:
    columns = dict(write_definitions(records, number))
    column = through_a_file(columns)
    units = column(UNITS) if UNITS in columns else ()
    reader = DefinitionReader(column, FILES, column(DEPRECATIONS), units)
    assert [repr(reader.definition(k, "Op")) for k in range(len(records))] == [repr(record) for record in records]
    assert reader.definition(len(records), "Op") is None
    assert reader.sources() == [record.source for record in records]


def test_every_field_of_a_record_is_tried() -> None:
    assert {field.name for field in dataclasses.fields(KernelRegistration)} == set(REGISTRATION_FIELDS)
    assert {field.name for field in dataclasses.fields(OpDefinition)} == set(DEFINITION_FIELDS)


def test_kernels_that_differ_in_types_share_a_field() -> None:
    """The example of docs/index_format.md."""
    mul = KernelRegistration(
        "Mul", "CPU", "BinaryOp<CPUDevice, functor::mul<float> >", Location("a/three.h", 25), ("android", "desktop"),
        constraints=(Constraint("T", (DataType.DT_FLOAT,)),),
    )  # fmt: skip
    of_int64 = dataclasses.replace(
        mul,
        kernel_class="BinaryOp<CPUDevice, functor::mul<::int64_t> >",
        profiles=("desktop",),
        constraints=(Constraint("T", (DataType.DT_INT64,)),),
    )
    assert written([[mul, of_int64]]) == {
        "heads": ["CPU\t\t0\t\t\tT\x1f0"],
        "words": ["float\tt1", "::int64_t\tt9"],
        "conditions": [],
        "condition_texts": [],
        "profile_sets": ["01", "1"],
        "registration_heads": ["0"],
        "registration_files": ["2"],
        "registration_conditions": [""],
        "registration_classes": ["BinaryOp<#, functor::mul<$> >"],
        "registration_words": ["01"],
        "registration_lines": ["25"],
        "registration_profiles": ["01"],
    }


def test_words_serve_constraints_too_where_the_class_text_has_no_type_for_them() -> None:
    exit_op = KernelRegistration(
        "Exit", "CPU", "ExitOp", Location("four.cc", 7), (), constraints=(Constraint("T", (DataType.DT_BOOL,)),)
    )
    later = dataclasses.replace(exit_op, location=Location("four.cc", 9), unit="a/b/two.cc")
    columns = written([[exit_op, later, later]])
    assert columns["words"] == ["\tt10"]
    assert columns["registration_classes"] == ["@Op\t"]
    assert columns["registration_files"] == ["3\t 1"]
    assert columns["registration_words"] == ["0\t00"]
    assert columns["registration_lines"] == ["7\t2"]


labels = texts | st.sampled_from(["one.cc", "b/one.cc", "//a:three.h", "//a/b:two.cc", ":one.cc", "//:four.cc"])
paths = st.lists(texts | st.sampled_from(FILES), max_size=4).map(tuple)
lists = st.builds(
    BuildLists,
    texts.filter(lambda text: text.isprintable()),
    st.dictionaries(texts, paths, max_size=3),
    st.dictionaries(texts | st.just("//a/b:group"), st.lists(labels, max_size=5).map(tuple), max_size=3),
    paths,
    st.dictionaries(
        texts, st.lists(st.dictionaries(texts, text_tuples, max_size=2), max_size=2).map(tuple), max_size=2
    ),
    st.dictionaries(texts, texts, max_size=2),
    st.lists(texts | st.sampled_from(["a", "a/b", ""]), max_size=3).map(tuple),
).map(lambda lists: replace(lists, group_labels=dict.fromkeys(lists.groups, ()) | {**lists.group_labels}))


@given(lists)
def test_build_lists_come_back(record: BuildLists) -> None:
    files = sorted({*FILES, *listed_files(record)})
    columns = write_lists(record, {path: n for n, path in enumerate(files)})
    assert read_lists(through_a_file(columns), files) == record


@given(lists)
def test_the_order_of_dicts_does_not_matter(record: BuildLists) -> None:
    files = {path: n for n, path in enumerate(sorted({*FILES, *listed_files(record)}))}
    turned_round = dataclasses.replace(
        record,
        groups=dict(reversed([*record.groups.items()])),
        group_labels=dict(reversed([*record.group_labels.items()])),
        group_selects={
            group: tuple(dict(reversed([*select.items()])) for select in selects)
            for group, selects in reversed([*record.group_selects.items()])
        },
        makefile_missing=dict(reversed([*record.makefile_missing.items()])),
    )
    assert write_lists(turned_round, files) == write_lists(record, files)


def test_labels_that_follow_from_paths_are_numbers() -> None:
    record = BuildLists(
        groups={"ops": FILES},
        group_labels={"ops": ("one.cc", "two.cc", "//a:three.h", ":helpers", "a/b/one.cc")},
        packages=("a", "a/b"),
    )
    columns = write_lists(record, {path: n for n, path in enumerate(FILES)})
    assert columns["group_files"] == ["ops\t0 0 0 0"]
    assert columns["group_labels"] == ["ops\ta/b\t0\t0\t0\t=:helpers\t=a/b/one.cc"]


@given(st.dictionaries(texts, paths, max_size=4))
def test_includes_come_back_in_order(includes: dict[str, tuple[str, ...]]) -> None:
    files = sorted({*FILES, *included_files(includes)})
    lines = write_includes(includes, files, {path: n for n, path in enumerate(files)})
    assert read_includes(lines, files) == includes


@given(st.dictionaries(texts, st.dictionaries(texts, text_tuples, max_size=3), max_size=3))
def test_type_lists_come_back(type_lists: dict[str, dict[str, tuple[str, ...]]]) -> None:
    assert read_type_lists(write_type_lists(type_lists)) == type_lists
