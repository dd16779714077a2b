"""Which operators of a TensorFlow Lite model does the runtime of a release lack?"""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.shown import shortened
from opselect.build_lists.header.literals import quoted
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, change_model
from opselect.lite.runtimes import (
    LiteRelease,
    first_named,
    is_older,
    minimum_runtime,
    minimum_runtime_of,
    newest_named,
    registered_versions,
)
from opselect.models.graph.tflite import TfliteModel
from opselect.verifying.operators import MAX_PLACES, TAKE_OUT, lookup_of_unused, operators_of


def operators_not_in_runtime(
    model: TfliteModel, name: str, release: LiteRelease, *, custom: bool = True
) -> Iterator[Finding]:
    """Operators that ``BuiltinOpResolver`` of a release does not register in the version that the model has.

    Those of TensorFlow are not judged: the Flex delegate takes them; without ``custom`` neither are custom ones, where
    something else says what is registered of these. ``name`` is what the model is called.
    """
    for (kind, op, version), places in operators_of(model).items():
        if kind == "flex" or (kind == "custom" and not custom):
            continue
        is_custom = kind == "custom"
        versions = registered_versions(release, op, is_custom=is_custom)
        if versions is not None and versions[0] <= version <= versions[1]:
            continue
        yield Finding(
            "OPS131" if is_custom else "OPS130",
            f"{_what_it_has(release, versions, version)}{_first(release, op, version, is_custom=is_custom)}"
            f"{lookup_of_unused(places)}",
            op=op,
            attrs=(("version", version),),
            count=len(places),
            nodes=tuple(places[:MAX_PLACES]),
            models=(name,),
            mends=tuple(_mends(release, op, version, is_custom=is_custom)) if places else (change_model(TAKE_OUT),),
        )


def disagreements(model: TfliteModel, release: LiteRelease) -> Iterator[str]:
    """What the release registers although upstream's table of versions says that it is younger, a sentence each.

    That table counts releases of TensorFlow alone.
    """
    for kind, op, version in operators_of(model):
        since = minimum_runtime(op, version) if kind == "built-in" else ""
        versions = registered_versions(release, op)
        has = versions is not None and versions[0] <= version <= versions[1]
        if since and has and not release.is_litert and is_older(str(release), since):
            said = f"upstream's table of versions has {op} in version {version} from {since} on"
            yield f"{said}, and {release.name} registers it: what is registered counts."


def noted_minimum(model: TfliteModel, name: str) -> Finding | None:
    """What is wrong with the minimum runtime that a model notes in its metadata; None where it is right or not there.

    ``name`` is what the model is called.
    """
    found = minimum_runtime_of(model)
    if found.judgement not in ("lower", "higher"):
        return None
    needs = " and ".join(f"{each.op} in version {each.version}" for each in found.deciding[:MAX_PLACES])
    if found.judgement == "lower":
        effect = "a runtime between the two may refuse the model, whatever it notes"
    else:
        effect = f"a program that goes by the note refuses runtimes from {found.computed} on that would do"
    text = "Convert the model again, or write what is computed into the metadata min_runtime_version: 16 bytes, zeros "
    text += "at the end."
    return Finding(
        "OPS132",
        f"the model notes {shortened(found.stored)}, and its operators need {found.computed} ({needs}): {effect}",
        models=(name,),
        mends=(change_model(text),),
    )


def _what_it_has(release: LiteRelease, versions: tuple[int, int] | None, version: int) -> str:
    if versions is None:
        return f"{release.name} does not register it"
    low, high = versions
    span = str(low) if low == high else f"{low} to {high}"
    return f"{release.name} registers it in version {span}, and the model has version {version}"


def _first(release: LiteRelease, op: str, version: int, *, is_custom: bool) -> str:
    """Who has it first, and what upstream's table of versions says where it promises more than is there."""
    first = " and ".join(first_named(op, version, is_custom=is_custom, after=release))
    if is_custom:
        return f"; the first to do so: {first}" if first else ""
    text = f"; the first to have it: {first}" if first else f"; no release up to {newest_named()} does"
    since = minimum_runtime(op, version)
    if since and not first:
        return f"{text}; upstream's table of versions says {since}"
    if since and not release.is_litert and not is_older(str(release), since):
        return f"{text}, although upstream's table of versions says {since}"
    return text


def _mends(release: LiteRelease, op: str, version: int, *, is_custom: bool) -> Iterator[Mend]:
    if is_custom:
        yield change_model(
            f"Register it in the program, resolver.AddCustom({quoted(op)}, …), and name that file: --against."
        )
        return
    first = " or ".join(first_named(op, version, after=release))
    if first:
        yield change_model(f"Take {first}, or a later release.")
    converter = "a converter as old as" if release.is_litert else "the converter of"
    older = f"Convert the model with {converter} {release.name}, or an older one: it writes versions that this has."
    yield change_model(older, lead=OR if first else "")
