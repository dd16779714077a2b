"""Which operators of a TensorFlow Lite model does an interpreter not know?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opselect.build_lists.header.literals import quoted
from opselect.findings import Finding
from opselect.findings.mends import OR, change_model
from opselect.lite.operators import unused_builtins
from opselect.models.graph.tflite import FLEX_PREFIX, TfliteModel, TfliteOperator
from opselect.verifying.resolver import Resolver

TAKE_OUT = "Take it out of the model's table of operators: a converter writes no such entries."
"""What to do about an operator that nothing uses."""
MAX_PLACES = 5
"""Maximum number of operators that a finding names."""


def unresolved_operators(model: TfliteModel, name: str, resolvers: Sequence[Resolver]) -> Iterator[Finding]:
    """Operators that none of the files registers in the version that the model has, sorted by name.

    Operators of TensorFlow are not judged: the Flex delegate takes them. ``name`` is what the model is called.
    """
    for (kind, op, version), places in operators_of(model).items():
        is_custom = kind == "custom"
        if kind == "flex" or any(each.has(op, version, is_custom=is_custom) for each in resolvers):
            continue
        known = [span for each in resolvers for span in each.versions(op, is_custom=is_custom)]
        files = " and ".join(each.name for each in resolvers)
        if known:
            spans = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in sorted(set(known)))
            reason = f"{files}: the operator is registered in version {spans}, and the model has version {version}"
        else:
            reason = f"{files}: the operator is not registered"
        command = "opselect generate MODEL… --target registration --out DIR"
        again = f"Write it again for all models: {command}, or TensorFlow's gen_op_registration."
        # What opselect writes has the operators that are used, unless it is asked for the tool's text.
        again = again if places else TAKE_OUT
        by_hand = f"Register it by hand: resolver->AddCustom({quoted(op)}, …)." if is_custom else ""
        mends = (change_model(again), *((change_model(by_hand, lead=OR),) if by_hand else ()))
        yield Finding(
            "OPS125",
            f"{reason}{lookup_of_unused(places)}",
            op=op,
            attrs=(("version", version),),
            count=len(places),
            nodes=tuple(places[:MAX_PLACES]),
            models=(name,),
            mends=mends,
        )


def operators_without_delegate(model: TfliteModel, name: str) -> Iterator[Finding]:
    """Operators of TensorFlow, where no build of it is known that could run them."""
    for (kind, op, _), places in operators_of(model).items():
        if kind == "flex":
            text = "Link the Flex delegate, and name its ops list, header or lists with one more --against."
            yield Finding(
                "OPS126",
                "TensorFlow's kernel runs it, and what is named has only operators of TensorFlow Lite",
                op=op.removeprefix(FLEX_PREFIX),
                count=len(places),
                nodes=tuple(places[:MAX_PLACES]),
                models=(name,),
                mends=(change_model(text),),
            )


def has_flex(model: TfliteModel) -> bool:
    """Whether the model needs kernels of TensorFlow."""
    return any(kind == "flex" for kind, _, _ in operators_of(model))


def operators_of(model: TfliteModel) -> dict[tuple[str, str, int], list[str]]:
    """Each operator by kind (``built-in``, ``custom``, ``flex``), name and version, with its places, sorted.

    Built-ins that nothing uses have no place: an interpreter looks them up, too.
    """
    found: dict[tuple[str, str, int], list[str]] = {}
    for number, subgraph in enumerate(model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            key = (_kind(operator), operator.name, operator.version)
            found.setdefault(key, []).append(f"subgraph_{number}/operator_{index}")
    for code in unused_builtins(model):
        found.setdefault(("built-in", code.name, code.version), [])
    return dict(sorted(found.items()))


def lookup_of_unused(places: Sequence[str]) -> str:
    """Why an operator counts that is used at none of the places; empty for one that is used."""
    return "" if places else "; nothing uses it, and an interpreter looks up all that stands in the table of operators"


def _kind(operator: TfliteOperator) -> str:
    if operator.is_custom:
        return "flex" if operator.name.startswith(FLEX_PREFIX) else "custom"
    return "built-in"
