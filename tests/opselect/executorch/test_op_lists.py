from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.executorch.op_lists import read_names, read_ops_dict, read_yaml_list
from opselect.executorch.selected import ListedOperator, SelectedOperators, is_operator_name, together

ANY = frozenset(("default",))
NAMES = st.from_regex(r"[a-z_]{1,4}::[a-z_]{1,4}(\.[a-z]{1,3})?", fullmatch=True)


def test_names_are_separated_by_commas_blanks_or_lines() -> None:
    found = read_names(b"\xef\xbb\xbfaten::a.out,aten::b\n# all, aten::no\n\tx::c.d aten::e # aten::f\r\n", "l")
    assert found.keys == dict.fromkeys(("aten::a.out", "aten::b", "x::c.d", "aten::e"), ANY)
    assert found.operators.keys() == found.keys.keys()


def test_a_comment_ends_with_its_line() -> None:
    found = read_names(b"# one\raten::a.out # two\r\naten::b # three\naten::c", "l")
    assert set(found.operators) == {"aten::a.out", "aten::b", "aten::c"}
    with pytest.raises(InputError, match="l:3: 'no' is no name"):
        read_names(b"# one\raten::a.out\rno", "l")


@given(st.lists(NAMES, min_size=1), st.sampled_from((", ", " ", "\n", "\r", ",\n\n")))
def test_all_names_are_found(names: list[str], between: str) -> None:
    assert set(read_names(between.join(names).encode(), "l").operators) == set(names)


def test_an_ops_dict_has_dtypes_and_keys() -> None:
    found = read_ops_dict(b'{"a::b": ["Float", "v1/4;0,1|6;", "Half"], "a::c": [], "a::d": ["default", "Int"]}', "l")
    assert found.keys == {
        "a::b": {"v1/6;", "v1/4;0,1|6;", "v1/5;"},
        "a::c": ANY,
        "a::d": {"default", "v1/3;"},
    }


def test_functions_have_a_namespace() -> None:
    found = read_yaml_list(
        b"- op: a.out\n- op: x::b\n- func: c.out(Tensor x) -> Tensor\n- func: y::d(int a) -> ()\n", "l"
    )
    assert set(found.keys) == {"aten::a.out", "x::b", "aten::c.out", "y::d"}
    assert set(found.keys.values()) == {ANY}
    assert found.operators["y::d"].sources == frozenset({"l"})


def test_fields_that_are_missing_have_the_defaults_of_torchgen() -> None:
    found = read_yaml_list(b"operators: {a::b: {}, a::c.d: {debug_info: [m, null, 3]}}\n", "l")
    assert found.operators["a::b"] == ListedOperator(include_all_overloads=True)
    assert found.operators["a::c.d"].sources == frozenset({"m", "None", "3"})
    assert found.families == ("a::b",)
    assert not found.include_all_operators
    assert found.debug_info is None


def test_a_list_of_keys_that_is_empty_means_any_dtype() -> None:
    assert read_yaml_list(b"et_kernel_metadata: {a::b: []}", "l").keys == {"a::b": ANY}


@pytest.mark.parametrize(
    "text", ["include_all_operators: yes", "include_all_operators: True", "include_all_operators: on"]
)
def test_flags_of_yaml(text: str) -> None:
    assert read_yaml_list(text.encode(), "l").include_all_operators
    assert not read_yaml_list(b"include_all_operators: no", "l").include_all_operators
    assert read_yaml_list(b"# nothing", "l") == SelectedOperators()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a::b\nadd.out", "l:2: 'add.out' is no name of an operator\n  Write aten::add.out"),
        (b"a b::", "l:1: 'a' is no name of an operator\n  Write aten::a"),
    ],
)
def test_names_have_places(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_names(data, "l")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("operators:\n  a::b: {root: true}", "l:2: 'root' is no field of an operator"),
        (
            "et_kernel_metadata:\n  a::b:\n  - Flaot\n",
            "l:3: 'Flaot' is neither a dtype nor a kernel key; did you mean Float",
        ),
        ("- op: a.b\n- kernels: []\n", "l:2: an item of a functions.yaml has `op:` or `func:`"),
        ("operator: {}", "l:1: 'operator' is no field of a selected_operators.yaml; did you mean operators"),
    ],
)
def test_yaml_has_places(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_yaml_list(text.encode(), "l")
    assert str(error.value).startswith(message)


@given(st.lists(st.tuples(NAMES, st.lists(st.sampled_from(("Float", "v1/3;0", "default"))))))
def test_nothing_is_lost_in_a_merge(rows: list[tuple[str, list[str]]]) -> None:
    import json

    parts = [read_ops_dict(json.dumps({name: keys}).encode(), "l") for name, keys in rows]
    merged = together(parts)
    assert merged == together([*parts, *parts])
    assert merged.keys == together(reversed(parts)).keys
    for part in parts:
        assert all(keys <= merged.keys[name] for name, keys in part.keys.items())
        assert part.operators.keys() <= merged.operators.keys()


@pytest.mark.parametrize("field", ["include_all_overloads", "is_root_operator", "is_used_for_training"])
def test_what_one_list_says_of_an_operator_holds_in_any_order(field: str) -> None:
    flags = ("include_all_overloads", "is_root_operator", "is_used_for_training")
    texts = [", ".join(f"{flag}: {str(flag == field and yes).lower()}" for flag in flags) for yes in (True, False)]
    lists = [read_yaml_list(f"operators: {{a::b: {{{text}}}}}".encode(), "l") for text in texts]
    for parts in (lists, lists[::-1]):
        found = together(parts).operators["a::b"]
        assert [flag for flag in flags if getattr(found, flag)] == [field]


@pytest.mark.parametrize("name", ["aten::add", "aten::add.out", "a::b::c.d", "_a::_b._c"])
def test_names_of_operators(name: str) -> None:
    assert is_operator_name(name)
    for wrong in (f"{name} ", f"{name}\n", f" {name}", f"{name}.", f"{name}::", f'{name}"'):
        assert not is_operator_name(wrong)


def test_what_the_tools_write_and_take_is_taken() -> None:
    # gen_oplist.py that is asked for nothing.
    text = b"build_features: []\net_kernel_metadata: null\nkernel_metadata: {}\noperators: {}\n"
    assert read_yaml_list(text, "l") == SelectedOperators()
    named = read_yaml_list(b"operators:\n  aten::a.out: {name: aten::a.out, include_all_overloads: false}\n", "l")
    assert named.operators == {"aten::a.out": ListedOperator()}
    with pytest.raises(InputError, match=r"l:2: the name of 'aten::a.out' is another here"):
        read_yaml_list(b"operators:\n  aten::a.out: {name: aten::b.out}\n", "l")
