from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.admitted import Admitted, united
from kernel_index.datatypes import DataType
from kernel_index.diff import IndexDiff, diff_indexes
from kernel_index.diff.definitions import changed_definition
from kernel_index.index import MemoryIndex
from kernel_index.kernel_lookup import NotFound, find_kernel
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrValue,
    BuildLists,
    Constraint,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)

FLOAT, INT32, HALF, STRING = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_HALF, DataType.DT_STRING
TYPES = (FLOAT, INT32, HALF)
SLIM, FULL = "android-slim", "android-full"
BOTH = ((SLIM, SLIM), (FULL, FULL))


def kernel(
    types: Sequence[DataType] | None = None,
    indices: Sequence[DataType] | None = None,
    *,
    op: str = "Mul",
    device: str = "CPU",
    priority: int = 0,
    profiles: Iterable[str] = (SLIM, FULL),
    text: str = "MulOp",
    file: str = "mul.cc",
) -> KernelRegistration:
    constraints = [Constraint(a, tuple(sorted(v))) for a, v in (("T", types), ("Tidx", indices)) if v is not None]
    return KernelRegistration(
        op, device, text, Location(file, 7), tuple(profiles), priority=priority, constraints=tuple(constraints)
    )


def attr(
    name: str, *allowed: DataType, default: AttrValue | None = None, kind: str = "type", minimum: int | None = None
) -> AttrDefinition:
    return AttrDefinition(name, kind, allowed or None, minimum, default is not None, default)


def op(*attrs: AttrDefinition, inputs: str = "", outputs: str = "", name: str = "Mul") -> OpDefinition:
    """``inputs`` and ``outputs`` as ``x: T, y: Ref(T)``."""
    args = [
        tuple(ArgDefinition(*map(str.strip, arg.split(":", 1))) for arg in text.split(",") if arg)
        for text in (inputs, outputs)
    ]
    return OpDefinition(name, args[0], args[1], attrs, Location("ops.cc", 1))


def index(
    *kernels: KernelRegistration, ops: Iterable[OpDefinition] = (), lists: BuildLists | None = None
) -> MemoryIndex:
    return MemoryIndex(ScanResult("1.0.0", (SLIM, FULL), kernels, tuple(ops), lists or BuildLists()))


def brief(kernels: Iterable[KernelRegistration]) -> list[tuple[object, ...]]:
    """Device, values by attr, and profiles of registrations."""
    return [(k.device, {c.attr: c.allowed for c in k.constraints}, k.profiles) for k in kernels]


def compared(before: MemoryIndex, after: MemoryIndex) -> IndexDiff:
    return diff_indexes(before, after, BOTH)


# --- kernels ---


def test_types_are_lost_and_gained_profile_by_profile() -> None:
    found = compared(
        index(kernel((FLOAT,)), kernel((INT32,)), kernel((HALF,), profiles=(FULL,))),
        index(kernel((FLOAT,)), kernel((INT32,), profiles=(FULL,)), kernel((HALF,))),
    )
    assert brief(found.lost) == [("CPU", {"T": (INT32,)}, (SLIM,))]
    assert brief(found.gained) == [("CPU", {"T": (HALF,)}, (SLIM,))]
    assert found.changed == ()


def test_one_registration_for_a_list_of_types_equals_one_for_each() -> None:
    found = compared(index(kernel((FLOAT, INT32))), index(kernel((FLOAT,)), kernel((INT32,))))
    assert (found.lost, found.gained, found.changed) == ((), (), ())


def test_of_a_registration_only_what_is_lost_is_reported() -> None:
    found = compared(index(kernel((FLOAT, INT32, HALF), (INT32, DataType.DT_INT64))), index(kernel((FLOAT,), (INT32,))))
    lost = {
        (t, i) for k in found.lost for t, i in itertools.product(*(constraint.allowed for constraint in k.constraints))
    }
    every = set(itertools.product(TYPES, (INT32, DataType.DT_INT64)))
    assert lost == every - {(FLOAT, INT32)}


def test_kernel_without_constraint_serves_what_the_definition_allows() -> None:
    old, new = op(attr("T", FLOAT, INT32)), op(attr("T", FLOAT, INT32, HALF))
    found = compared(index(kernel(), ops=[old]), index(kernel((FLOAT, INT32)), ops=[new]))
    assert (found.lost, found.gained) == ((), ())
    found = compared(index(kernel((FLOAT,)), ops=[old]), index(kernel(), ops=[new]))
    assert brief(found.gained) == [("CPU", {"T": (FLOAT, INT32, HALF)[1:]}, (SLIM, FULL))]


def test_values_that_nobody_names_are_one_star() -> None:
    free = op(attr("T"))
    found = compared(index(kernel(), ops=[free]), index(kernel((FLOAT,)), ops=[free]))
    assert brief(found.lost) == [("CPU", {"T": ("*",)}, (SLIM, FULL))]


def test_attr_that_says_nothing_is_left_out() -> None:
    found = compared(index(kernel((FLOAT,)), ops=[op()]), index(ops=[op()]))
    assert brief(found.lost) == [("CPU", {"T": (FLOAT,)}, (SLIM, FULL))]
    found = compared(index(kernel(), kernel((FLOAT,), device="GPU"), ops=[op()]), index(ops=[op()]))
    assert brief(found.lost) == [("CPU", {}, (SLIM, FULL)), ("GPU", {"T": (FLOAT,)}, (SLIM, FULL))]


def test_new_attr_counts_as_its_default_before() -> None:
    old = op(attr("T", *TYPES))
    new = op(attr("T", *TYPES), attr("Tidx", INT32, DataType.DT_INT64, default=INT32))
    wide = index(kernel((FLOAT,), (INT32,)), kernel((FLOAT,), (DataType.DT_INT64,)), ops=[new])
    found = compared(index(kernel((FLOAT,)), ops=[old]), wide)
    assert found.lost == ()
    assert brief(found.gained) == [("CPU", {"T": (FLOAT,), "Tidx": (DataType.DT_INT64,)}, (SLIM, FULL))]


def test_default_kernel_in_place_of_a_cpu_kernel_is_no_loss() -> None:
    found = compared(index(kernel((FLOAT,))), index(kernel(device="DEFAULT"), ops=[op(attr("T", FLOAT, INT32))]))
    assert found.lost == ()
    assert brief(found.gained) == [("DEFAULT", {"T": (INT32,)}, (SLIM, FULL))]
    (change,) = found.changed
    assert (change.before.device, change.after.device) == ("CPU", "DEFAULT")
    assert (change.moved, change.renamed) == (False, False)


def test_kernel_of_another_file_or_class() -> None:
    before = index(kernel((FLOAT,)), kernel((INT32,), text="MulOp<int32 >"), kernel((HALF,)))
    after = index(kernel((FLOAT,), file="new/mul.cc"), kernel((INT32,), text="MulOp<int32>"), kernel((HALF,), text="M"))
    found = compared(before, after)
    assert [(c.moved, c.renamed, brief([c.after])[0][1]) for c in found.changed] == [
        (True, False, {"T": (FLOAT,)}),
        (False, True, {"T": (HALF,)}),
    ]


def test_kernel_of_highest_priority_is_compared() -> None:
    best = kernel((FLOAT,), text="Fast", priority=1)
    assert compared(index(best, kernel((FLOAT,))), index(best)).changed == ()
    (change,) = compared(index(best, kernel((FLOAT,))), index(kernel((FLOAT,)))).changed
    assert (change.before.kernel_class, change.after.kernel_class) == ("Fast", "MulOp")


def test_two_profiles_of_one_index() -> None:
    one = index(
        kernel((FLOAT,)), kernel((INT32,), profiles=(FULL,)), kernel(op="Foo", profiles=(FULL,)), ops=[op(name="Bar")]
    )
    found = diff_indexes(one, one, [(SLIM, FULL)])
    assert [(k.op, k.profiles) for k in found.gained] == [("Foo", (FULL,)), ("Mul", (FULL,))]
    assert (found.lost, found.ops_added, found.ops_removed) == ((), (), ())
    assert found.first_kernels == ("Foo",)
    assert diff_indexes(one, one, [(FULL, SLIM)]).last_kernels == ("Foo",)


def test_ops_that_only_one_knows_are_not_among_the_kernels() -> None:
    found = compared(index(kernel(op="Old")), index(kernel(op="New", profiles=(FULL,)), ops=[op(name="Bare")]))
    assert [(o.name, o.profiles, o.definition is None) for o in found.ops_added] == [
        ("Bare", (), False),
        ("New", (FULL,), True),
    ]
    assert [o.name for o in found.ops_removed] == ["Old"]
    assert (found.lost, found.gained, found.first_kernels, found.last_kernels) == ((), (), (), ())
    (added,) = diff_indexes(index(), index(kernel(op="New"), kernel()), BOTH, ["Mul"]).ops_added
    assert added.name == "Mul"


def test_hidden_registrations_do_not_count() -> None:
    found = compared(index(kernel((FLOAT,)), kernel((INT32,), profiles=())), index(kernel((FLOAT,))))
    assert (found.lost, found.changed) == ((), ())


kernels = st.builds(
    kernel,
    st.none() | st.sets(st.sampled_from(TYPES), min_size=1).map(tuple),
    st.none() | st.sets(st.sampled_from((INT32, HALF)), min_size=1).map(tuple),
    device=st.sampled_from(("CPU", "DEFAULT", "GPU")),
    priority=st.integers(0, 1),
    profiles=st.sets(st.sampled_from((SLIM, FULL))).map(sorted),
    text=st.sampled_from(("A", "B")),
)
MUL = op(attr("T", *TYPES), attr("Tidx", INT32, HALF))


def served(one: MemoryIndex) -> set[tuple[str, DataType, DataType]]:
    """Profile and types of the nodes for which TensorFlow finds a CPU kernel."""
    return {
        (profile, t, i)
        for profile, t, i in itertools.product((SLIM, FULL), TYPES, (INT32, HALF))
        if not isinstance(
            find_kernel([r for r in one.registrations("Mul") if profile in r.profiles], {"T": t, "Tidx": i}), NotFound
        )
    }


def reported(kernels: Iterable[KernelRegistration]) -> list[tuple[str, object, object]]:
    """The same of registrations in an answer, as often as it is said."""
    rows: list[tuple[str, object, object]] = []
    for registration in kernels:
        if registration.device != "GPU":
            values = {c.attr: c.allowed for c in registration.constraints}
            rows += itertools.product(registration.profiles, values.get("T", TYPES), values.get("Tidx", (INT32, HALF)))
    return rows


@settings(deadline=None)  # other work on the machine is no failure
@given(st.lists(kernels, max_size=5), st.lists(kernels, max_size=5))
def test_losses_are_those_of_the_kernel_lookup(old: list[KernelRegistration], new: list[KernelRegistration]) -> None:
    before, after = index(*old, ops=[MUL]), index(*new, ops=[MUL])
    found = compared(before, after)
    key = str
    assert sorted(reported(found.lost), key=key) == sorted(served(before) - served(after), key=key)
    assert sorted(reported(found.gained), key=key) == sorted(served(after) - served(before), key=key)
    back = compared(after, before)
    assert (back.lost, back.gained) == (found.gained, found.lost)


@settings(deadline=None)  # other work on the machine is no failure
@given(st.lists(kernels, max_size=5))
def test_an_index_does_not_differ_from_itself(old: list[KernelRegistration]) -> None:
    found = compared(index(*old, ops=[MUL]), index(*reversed(old), ops=[MUL]))
    assert (found.lost, found.gained, found.changed, found.definitions) == ((), (), (), ())


def combinations(parts: Iterable[Admitted]) -> set[tuple[object, ...]]:
    return {
        tuple(zip((attr for attr, _ in part), values, strict=True))
        for part in parts
        for values in itertools.product(*(values for _, values in part))
    }


part = st.tuples(*(st.frozensets(st.integers(0, 2), min_size=1) for _ in "ab")).map(
    lambda sets: tuple(zip("ab", sets, strict=True))
)


@settings(deadline=None)  # other work on the machine is no failure
@given(st.sets(st.one_of(part, part.map(lambda both: both[:1]), st.just(())), max_size=6))
def test_united_parts_admit_the_same(parts: set[Admitted]) -> None:
    fewer = united(parts)
    assert combinations(fewer) == combinations(parts)
    assert len(fewer) <= len(parts)


# --- definitions ---


def edits(before: OpDefinition, after: OpDefinition) -> list[tuple[str, str, str, bool]]:
    change = changed_definition(before, after)
    return [] if change is None else [(e.what, e.attr, e.text, e.breaks) for e in change.edits]


def test_places_do_not_count() -> None:
    assert edits(op(), OpDefinition("Mul", (), (), (), Location("other.cc", 9))) == []


def test_attrs_that_come_and_go() -> None:
    assert edits(op(), op(attr("N", kind="int", default=1, minimum=1))) == [("attr added", "N", "int >= 1 = 1", False)]
    assert edits(op(), op(attr("T", FLOAT))) == [("attr added", "T", "type in {DT_FLOAT}, no default", True)]
    assert edits(op(attr("T")), op()) == [("attr removed", "T", "type, no default", True)]


def test_what_an_attr_allows() -> None:
    narrow, wide, free = op(attr("T", FLOAT)), op(attr("T", FLOAT, HALF)), op(attr("T"))
    assert edits(narrow, wide) == [("allowed values", "T", "+DT_HALF", False)]
    assert edits(wide, narrow) == [("allowed values", "T", "-DT_HALF", True)]
    assert edits(narrow, op(attr("T", HALF))) == [("allowed values", "T", "+DT_HALF -DT_FLOAT", True)]
    assert edits(narrow, free) == [("allowed values", "T", "{DT_FLOAT} → any", False)]
    assert edits(free, narrow) == [("allowed values", "T", "any → {DT_FLOAT}", True)]
    assert edits(wide, op(attr("T", HALF, FLOAT))) == []


def test_minimum_type_and_default_of_an_attr() -> None:
    def n(**more: object) -> OpDefinition:
        return op(attr("N", kind="int", **more))  # type: ignore[arg-type] # more is what attr takes

    assert edits(n(minimum=1), n(minimum=2)) == [("minimum", "N", "1 → 2", True)]
    assert edits(n(minimum=1), n()) == [("minimum", "N", "1 → none", False)]
    assert edits(n(default=1), n(default=2)) == [("default", "N", "1 → 2", True)]
    assert edits(n(), n(default=2)) == [("default", "N", "none → 2", False)]
    assert edits(n(), op(attr("N", kind="float"))) == [("attr type", "N", "int → float", True)]


def test_inputs_and_outputs() -> None:
    typed = attr("T", FLOAT, HALF, default=FLOAT)
    assert edits(op(inputs="x: float"), op(inputs="x: float, y: int32"))[0][3]
    assert edits(op(inputs="x: float"), op(inputs="y: float")) == [("inputs", "", "(x: float) → (y: float)", False)]
    assert edits(op(outputs="x: float"), op(outputs="y: float"))[0][3]
    # A type that becomes an attr with that type as default, or a list that is as long by default: graphs still fit.
    assert not any(e[3] for e in edits(op(inputs="x: float"), op(typed, inputs="x: T")))
    assert any(e[3] for e in edits(op(inputs="x: half"), op(typed, inputs="x: T")))
    count = attr("N", kind="int", default=1)
    assert not any(e[3] for e in edits(op(inputs="x: float"), op(count, inputs="x: N * float")))
    listed = attr("Ts", kind="list(type)", default=(FLOAT, HALF))
    assert not any(e[3] for e in edits(op(inputs="x: float, y: half"), op(listed, inputs="x: Ts")))
    # Inputs may cease to be references, outputs may become ones.
    assert not edits(op(inputs="x: Ref(float)"), op(inputs="x: float"))[0][3]
    assert edits(op(inputs="x: float"), op(inputs="x: Ref(float)"))[0][3]
    assert not edits(op(outputs="x: float"), op(outputs="x: Ref(float)"))[0][3]
    assert edits(op(outputs="x: Ref(float)"), op(outputs="x: float"))[0][3]


def test_statefulness() -> None:
    stateful = OpDefinition("Mul", (), (), (), Location("ops.cc", 1), stateful=True)
    assert edits(op(), stateful) == [("stateful", "", "false → true", False)]


# --- build lists ---


def changed_lists(before: BuildLists, after: BuildLists) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    found = compared(index(lists=before), index(lists=after))
    return [(c.before, c.after, c.added, c.removed) for c in found.lists]


def test_group_of_another_prefix_is_the_same_group() -> None:
    before = BuildLists("android", {"android_core_ops": ("a.cc", "b.cc"), "android_srcs": ("x.cc",)})
    after = BuildLists(
        "portable", {"portable_core_ops": ("b.cc", "c.cc"), "android_srcs": ("x.cc",), "android_core_ops": ()}
    )
    assert changed_lists(before, after) == [("android_core_ops", "portable_core_ops", ("c.cc",), ("a.cc",))]


def test_lists_that_only_one_release_has() -> None:
    label = "//tensorflow/core/kernels/image:android_all_op_kernels"
    after = BuildLists("android", {label: ("i.cc",)})
    assert changed_lists(BuildLists("android", makefile=("m.cc",)), after) == [
        ("", label, ("i.cc",), ()),
        ("tf_op_files.txt", "", (), ("m.cc",)),
    ]


def test_files_in_another_order_are_no_change() -> None:
    assert changed_lists(BuildLists(makefile=("a.cc", "b.cc")), BuildLists(makefile=("b.cc", "a.cc"))) == []


def test_one_op_leaves_the_build_lists_out() -> None:
    lists = BuildLists(makefile=("a.cc",))
    assert diff_indexes(index(kernel()), index(kernel(), lists=lists), BOTH, ["Mul"]).lists == ()
