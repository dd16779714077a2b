"""How the definition of one op changes, and whether graphs made for the old one still fit the new one.

Source of the rule: ``OpDefCompatible`` and ``OpDefAttrDefaultsUnchanged`` of ``framework/op_def_util.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kernel_index.datatypes import DataType, from_spec
from kernel_index.records import ArgDefinition, AttrDefinition, AttrScalar, AttrValue, OpDefinition


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: ``what`` changes (``attr added``, ``allowed values``, ``inputs`` …), of which attr, and how.

    ``attr`` is empty for inputs, outputs and statefulness. ``breaks`` tells that a graph made for the old definition
    may not load or may compute something else.
    """

    what: str
    attr: str
    text: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """All changes of one op."""

    before: OpDefinition
    after: OpDefinition
    edits: tuple[Edit, ...]

    @property
    def breaks(self) -> bool:
        """Whether one of the edits does."""
        return any(edit.breaks for edit in self.edits)


def changed_definition(before: OpDefinition, after: OpDefinition) -> DefinitionChange | None:
    """What changes in the signature and the attrs of an op; None where nothing does. Places do not count."""
    edits: list[Edit] = []
    for attr in before.attrs:
        new = after.attr(attr.name)
        if new is None:
            edits.append(Edit("attr removed", attr.name, _attr_text(attr), breaks=True))
        else:
            edits += _attr_edits(attr, new)
    for attr in after.attrs:
        if before.attr(attr.name) is None:
            edits.append(Edit("attr added", attr.name, _attr_text(attr), breaks=not attr.has_default))
    for what, old_args, new_args, names in (
        ("inputs", before.inputs, after.inputs, False),
        ("outputs", before.outputs, after.outputs, True),
    ):
        if old_args != new_args:
            old_signature = list(_signature(old_args, before, before, after, names=names))
            new_signature = list(_signature(new_args, after, before, after, names=names))
            # Inputs may cease to be references, outputs may become ones.
            refs = [(old[1], new[1]) for old, new in zip(old_signature, new_signature, strict=False)]
            stricter = any(new and not old if what == "inputs" else old and not new for old, new in refs)
            breaks = [word for word, _ in old_signature] != [word for word, _ in new_signature] or stricter
            edits.append(Edit(what, "", f"({_args_text(old_args)}) → ({_args_text(new_args)})", breaks))
    if before.stateful != after.stateful:
        edits.append(Edit("stateful", "", f"{_lower(before.stateful)} → {_lower(after.stateful)}", breaks=False))
    return DefinitionChange(before, after, tuple(edits)) if edits else None


def _attr_edits(old: AttrDefinition, new: AttrDefinition) -> Iterator[Edit]:
    name = old.name
    if old.type != new.type:
        yield Edit("attr type", name, f"{old.type} → {new.type}", breaks=True)
        return
    if old.allowed != new.allowed:
        if old.allowed is None or new.allowed is None:
            text = f"{_allowed_text(old.allowed)} → {_allowed_text(new.allowed)}"
            yield Edit("allowed values", name, text, breaks=new.allowed is not None)
        elif set(old.allowed) != set(new.allowed):
            signs = [f"+{value}" for value in _words(set(new.allowed) - set(old.allowed))]
            gone = [f"-{value}" for value in _words(set(old.allowed) - set(new.allowed))]
            yield Edit("allowed values", name, " ".join([*signs, *gone]), breaks=bool(gone))
    if old.minimum != new.minimum:
        higher = new.minimum is not None and (old.minimum is None or new.minimum > old.minimum)
        text = f"{'none' if old.minimum is None else old.minimum} → {'none' if new.minimum is None else new.minimum}"
        yield Edit("minimum", name, text, breaks=higher)
    if (old.has_default, old.default, old.default_text) != (new.has_default, new.default, new.default_text):
        # Graphs are exported without attrs that have their default, which then mean the new one.
        yield Edit("default", name, f"{_default_text(old)} → {_default_text(new)}", breaks=old.has_default)


def _signature(
    args: Iterable[ArgDefinition], owner: OpDefinition, old: OpDefinition, new: OpDefinition, *, names: bool
) -> Iterator[tuple[str, bool]]:
    """The args as ``ComputeArgSignature`` spells them, each with whether it is a reference.

    An attr that the old definition lacks counts as its default in the new one.
    """
    for arg in args:
        text = arg.type_text.strip()
        is_ref = text.startswith("Ref(")
        if is_ref:
            text = text[4:].rstrip(") ")
        number, _, word = (part.strip() for part in text.rpartition("*"))
        count = 1
        spelled = f"{arg.name}:" if names else ""
        if number:
            if old.attr(number) is not None:
                spelled += f"{number} * "
            else:
                default = _default(new, number)
                count = default if isinstance(default, int) else 1
        types: list[str] = [word]
        if owner.attr(word) is None:
            literal = from_spec(word)
            types = [word if literal is None else literal.name]
        elif old.attr(word) is None:
            default = _default(new, word)
            types = [str(value) for value in (default if isinstance(default, tuple) else (default,))]
        for _ in range(count):
            for one in types:
                yield spelled + one, is_ref


def _default(definition: OpDefinition, attr: str) -> AttrValue | None:
    found = definition.attr(attr)
    return None if found is None else found.default


def _args_text(args: Iterable[ArgDefinition]) -> str:
    return ", ".join(f"{arg.name}: {arg.type_text}" for arg in args)


def _attr_text(attr: AttrDefinition) -> str:
    text = attr.type
    if attr.allowed is not None:
        text += f" in {_allowed_text(attr.allowed)}"
    if attr.minimum is not None:
        text += f" >= {attr.minimum}"
    return f"{text} = {_default_text(attr)}" if attr.has_default else f"{text}, no default"


def _allowed_text(allowed: Iterable[AttrScalar] | None) -> str:
    return "any" if allowed is None else "{" + ", ".join(_words(allowed)) + "}"


def _words(values: Iterable[AttrScalar]) -> list[str]:
    return sorted(_value_text(value) for value in values)


def _default_text(attr: AttrDefinition) -> str:
    if not attr.has_default:
        return "none"
    return attr.default_text if attr.default is None else _value_text(attr.default)


def _value_text(value: AttrValue) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value_text, value))}]"
    if isinstance(value, DataType):
        return value.name
    if isinstance(value, bool):
        return _lower(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def _lower(value: bool) -> str:
    return str(value).lower()
