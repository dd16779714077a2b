"""``selected_operators.yaml``: what ExecuTorch's code generator reads of the operators and kernels of a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opselect.executorch.selected import ListedOperator, SelectedOperators


def operators_yaml(selected: SelectedOperators) -> str:
    """The text, as ``codegen/tools/gen_oplist.py`` prints it; of several sources of an operator all are named.

    Keys are sorted, so ``default`` is the first: ``gen_selected_op_variants.py`` reads a list up to there, and allows
    the dtypes of the keys before it alone. Where all operators are included none has keys: that tool would allow
    dtypes of those with keys alone, and the code generator leave out kernels of theirs.
    """
    import yaml  # takes longer to load than most commands take

    operators, keys = selected.operators, selected.keys
    if selected.include_all_operators:
        operators, keys = dict.fromkeys(keys, ListedOperator()) | dict(operators), {}
    document: dict[str, object] = {
        "build_features": sorted(selected.build_features),
        "custom_classes": sorted(selected.custom_classes),
        "et_kernel_metadata": _lists(keys),
        "include_all_non_op_selectives": selected.include_all_non_op_selectives,
        "include_all_operators": selected.include_all_operators,
        "kernel_metadata": _lists(selected.kernel_metadata),
        "operators": {name: _operator(each) for name, each in operators.items()},
    }
    if selected.debug_info is not None:
        document["debug_info"] = _readable(selected.debug_info)
    text: str = yaml.safe_dump(document, default_flow_style=False)
    return text


def _lists(sets: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {name: sorted(some) for name, some in sets.items()}


def _operator(each: ListedOperator) -> dict[str, object]:
    fields: dict[str, object] = {
        "include_all_overloads": each.include_all_overloads,
        "is_root_operator": each.is_root_operator,
        "is_used_for_training": each.is_used_for_training,
    }
    if each.sources is not None:
        fields["debug_info"] = _readable(each.sources)
    return fields


def _readable(names: Iterable[str]) -> list[str]:
    """Names of files with bytes that are no UTF-8, which YAML does not have, as backslash escapes."""
    return sorted(name.encode("utf-8", "backslashreplace").decode() for name in names)
