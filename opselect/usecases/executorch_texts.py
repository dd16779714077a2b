"""What must a selective build of ExecuTorch be told of some programs?"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kernel_index.records_json import Json
from opselect.build_lists.executorch.op_variants import op_variants
from opselect.build_lists.executorch.operators_yaml import operators_yaml
from opselect.build_lists.executorch.ops_dict import ops_dict, without_own_kernels
from opselect.executorch.kernel_keys import dtypes_of, lacks_float
from opselect.executorch.selected import SelectedOperators, together
from opselect.targets import Target, kind_of
from opselect.usecases.executorch_inputs import ExecutorchInput, read_executorch_inputs
from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch

_WRITERS = {"executorch": operators_yaml, "executorch-ops-dict": ops_dict, "executorch-header": op_variants}
_EXAMPLES = 5


def executorch_texts(question: RuntimeQuestion, watch: Watch) -> RuntimeTexts:
    """The lists of the operators and dtypes that programs and other lists need.

    Raises InputError for what cannot be read, and OpselectError for what an ops dict cannot say.
    """
    inputs = read_executorch_inputs(question.models, watch)
    selected = together(each.selected for each in inputs)
    backends = _backends(inputs)
    return RuntimeTexts(
        tuple(each.name for each in inputs),
        {kind_of(target).file: _WRITERS[target](selected) for target in question.targets},
        _summary(selected, backends),
        tuple(_warnings(inputs, selected, backends, question.targets)),
        {
            "include_all_operators": selected.include_all_operators,
            "operators": [_operator_json(name, selected) for name in _names(selected)],
            "backends": [{"name": name, "models": list(models)} for name, models in backends.items()],
        },
    )


def _names(selected: SelectedOperators) -> list[str]:
    return sorted({*selected.operators, *selected.keys})


def _operator_json(name: str, selected: SelectedOperators) -> Json:
    """``dtypes`` is null for all of them, and empty for an operator that nothing calls."""
    keys = selected.keys.get(name, frozenset())
    dtypes = dtypes_of(keys)
    return {"name": name, "keys": sorted(keys), "dtypes": None if dtypes is None else list(dtypes)}


def _backends(inputs: Sequence[ExecutorchInput]) -> dict[str, tuple[str, ...]]:
    """The backends of delegates, sorted, each with the programs that need it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in inputs:
        for backend in each.program.backends if each.program else ():
            found[backend].append(each.name)
    return {name: tuple(found[name]) for name in sorted(found)}


def _summary(selected: SelectedOperators, backends: Mapping[str, tuple[str, ...]]) -> str:
    keys = sum(map(len, selected.keys.values()))
    if selected.include_all_operators:
        text = "all operators, as a list asks for"
    else:
        text = f"{_counted(len(_names(selected)), 'operator')} with {_counted(keys, 'kernel key')}"
    return f"{text}; backends: {_some(tuple(backends))}" if backends else text


def _warnings(
    inputs: Sequence[ExecutorchInput],
    selected: SelectedOperators,
    backends: Mapping[str, tuple[str, ...]],
    targets: Sequence[Target],
) -> Iterator[str]:
    if backends:
        yield (
            f"backends that run parts of the programs must be linked into the app, and no list of operators names "
            f"them: {_some(tuple(backends))}"
        )
    mixed = sorted({name for each in inputs if each.program for name in each.program.mixed_lists})
    if mixed:
        yield (
            f"called with lists of tensors of several dtypes: {_some(mixed)}; they have keys for all of these, of "
            f"which gen_oplist.py writes the first alone"
        )
    if selected.include_all_operators:
        return
    without_float = _without_float(inputs, selected)
    if without_float:
        yield (
            f"kernels may compute in Float where their tensors have Half, BFloat16 or whole numbers, as those of "
            f"aten::add, aten::mul and comparisons do, and the header has no Float for {_some(without_float)}: a build "
            f"with dtypes selected then aborts with \"dtype '6' not selected\". A .json beside the inputs adds it: "
            f"{json.dumps({without_float[0]: ['Float']})}"
        )
    if not selected.keys:
        yield "nothing calls an operator: the lists select no kernels, and the header allows all dtypes"
    lists = together(each.selected for each in inputs if each.program is None)
    without_keys = sorted(lists.operators.keys() - selected.keys.keys())
    if without_keys:
        yield (
            f"listed without kernel keys: {_some(without_keys)}; ExecuTorch's code generator registers no kernel for "
            f"them, and et_kernel_metadata has to name them"
        )
    unlisted = sorted(selected.keys.keys() - selected.operators.keys())
    if unlisted:
        yield (
            f"has kernel keys and is not listed: {_some(unlisted)}; ExecuTorch's code generator registers no kernel "
            f"for it, and operators has to name it"
        )
    if selected.families:
        yield (
            f"listed with all overloads: {_some(selected.families)}; ExecuTorch's code generator registers kernels of "
            f"those overloads alone that et_kernel_metadata names"
        )
    lost = without_own_kernels(selected) if "executorch-ops-dict" in targets else ()
    if lost:
        yield (
            f"needed with any dtype, and with kernels for some: {_some(lost)}; an ops dict can say the former alone, "
            f"which serves all dtypes"
        )


def _without_float(inputs: Sequence[ExecutorchInput], selected: SelectedOperators) -> list[str]:
    """Operators whose kernels may compute in ``Float``, which none of their tensors has."""
    fractions = frozenset[str]().union(*(each.program.fractions for each in inputs if each.program))
    return sorted(
        name
        for name, keys in selected.keys.items()
        if lacks_float(keys) or (name in fractions and "Float" not in (dtypes_of(keys) or ("Float",)))
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _EXAMPLES
    return ", ".join(names[:_EXAMPLES]) + (f" and {more:,} more" if more > 0 else "")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
