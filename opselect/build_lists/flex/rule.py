"""Values for the template of ``selected_flex.bzl``: both sides, and what the targets of a release are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel_index.build_files.labels import buildifier_order
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.profiles import is_mobile, release_number
from kernel_index.shown import one_line, shortened
from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.flex.side import FlexSide, flex_side
from opselect.build_lists.lite.options import LiteOptions
from opselect.findings import Finding
from opselect.lite.flex_platforms import FIRST_WITH_MODELS
from opselect.selection.named_kernels import NamedKernels
from opselect.selection.select import Selection

_OLDER = "selected_flex.bzl is for LiteRT up to 2.1.5: from 2.1.6 on its TensorFlow has other groups of kernels"
"""Source: ``tflite/delegates/flex/build_def.bzl`` of both, which names ``core/ops:mobile_srcs`` from 2.1.6 on."""

_MAX_MISSING = 5
_SELECTIVE = "selective"


def flex_rule(selection: Selection, index: KernelIndex, options: FlexOptions, named: NamedKernels) -> dict[str, object]:
    """What the template needs beside the words of every output.

    Raises InputError for a release without such a rule (:func:`check_flex_release`), and for names that a header cannot
    hold.
    """
    check_flex_release(index.release)
    number = release_number(index.release)
    phone = is_mobile(selection.profile)
    asked = flex_side(selection, index, phone=phone, named=named)
    other = _other_side(selection, index, options, named)
    lite = LiteOptions(labels=options.labels).folder
    core = "@org_tensorflow//tensorflow" if options.labels == "litert" else "//tensorflow"
    return {
        "core": core,
        "lite": f"//{lite}",
        "mobile": asked if phone else other,
        "elsewhere": other if phone else asked,
        "groups": _groups(core, index.build_lists.prefix),
        "textual": f"{core}/core/kernels:{index.build_lists.prefix}_all_ops_textual_hdrs",
        "common": tuple(_common(core, number)),
        "symbol": number >= (2, 6),
        "shared": number >= (2, 6),
        "private": f"//{lite}/core/c:private_common" if number >= (2, 13) else f"//{lite}/c:common",
        "qualified": _qualified,
        "shown_lite": lite,
    }


def check_flex_release(release: str) -> None:
    """Raises InputError for a release whose Flex delegate takes no models."""
    if release_number(release) < FIRST_WITH_MODELS:
        raise InputError(
            f"TensorFlow {release}",
            "its Flex delegate cannot be built for some models",
            "TensorFlow 2.4 is the first whose can: name that or a later release.",
        )


def flex_names(values: dict[str, object]) -> Iterator[str]:
    """The paths and labels of both sides, which the file must be able to hold."""
    for name in ("mobile", "elsewhere"):
        side = values[name]
        assert isinstance(side, FlexSide)
        yield from side.names()


def flex_warnings(selection: Selection, options: FlexOptions, *, is_trimmed: bool = True) -> tuple[str, ...]:
    """What a user should know of the file: a side that cannot be built, and the types of the phones' side.

    Lists that are not ``is_trimmed`` have more files than what is selected, but no Flex library has.
    """
    untrimmed = (
        "" if is_trimmed else "selected_flex.bzl has the selected files alone, whatever mode and core are asked for"
    )
    older = _OLDER if options.labels == "litert" else ""
    told = (
        _needless(selection),
        _one_sided(selection, options),
        _wider(selection, options),
        _macros(selection, options),
        untrimmed,
        older,
    )
    return tuple(filter(None, told))


def _other_side(selection: Selection, index: KernelIndex, options: FlexOptions, named: NamedKernels) -> FlexSide:
    phone = not is_mobile(selection.profile)
    other = options.other
    if other is None or not other.complete:
        return FlexSide(other.profile if other is not None else "", missing=_why_not(selection, options))
    return flex_side(other, index, phone=phone, named=named)


def _why_not(selection: Selection, options: FlexOptions) -> str:
    """Why the other side cannot be built, in a sentence on one line, and what to do."""
    where = "phones" if not is_mobile(selection.profile) else "anything but phones"
    other = options.other
    if other is None:
        text = f"This delegate cannot be built for {where}: {options.why_not or 'nothing is known of such builds'}."
        return shortened(one_line(text))
    lacking = [*map(_lacking, other.unresolved), *map(_lacking, other.verdict.refused)]
    shown = "; ".join(lacking[:_MAX_MISSING]) + ("; …" if len(lacking) > _MAX_MISSING else "")
    return (
        f"This delegate cannot be built for {where}: {shortened(one_line(shown))}. "
        f"Run opselect generate with --profile {other.profile} to see what can be done."
    )


def _lacking(finding: Finding) -> str:
    return f"{finding.op}: {finding.reason}" if finding.op else finding.reason


def _needless(selection: Selection) -> str:
    if selection.files or selection.unresolved:
        return ""
    return "no TensorFlow op is in the models: TensorFlow Lite runs them without a Flex delegate"


def _one_sided(selection: Selection, options: FlexOptions) -> str:
    if options.other is not None and options.other.complete:
        return ""
    return _why_not(selection, options)


def _macros(selection: Selection, options: FlexOptions) -> str:
    if options.other is None or "+" not in selection.profile:
        return ""
    return (
        f"the macros that are asked for count on the side of profile {selection.profile} alone: the other one is that "
        f"of profile {options.other.profile}, without them"
    )


def _wider(selection: Selection, options: FlexOptions) -> str:
    phones = selection if is_mobile(selection.profile) else options.other
    if phones is None or phones.profile.partition("+")[0] == _SELECTIVE:
        return ""
    return (
        "the Flex delegate is compiled with SUPPORT_SELECTIVE_REGISTRATION and has more types than profile "
        f"{phones.profile}: --profile {_SELECTIVE} answers for that build"
    )


def _groups(core: str, prefix: str) -> tuple[str, ...]:
    """What TensorFlow's own rule compiles, and the base library of phones, which has headers that kernels need, too."""
    return (
        f"{core}/core:mobile_srcs",
        f"{core}/core:portable_op_registrations_and_gradients",
        f"{core}/core/kernels:{prefix}_core_ops",
        f"{core}/core/kernels:{prefix}_extended_ops",
    )


def _common(core: str, number: Sequence[int]) -> Iterator[str]:
    """Where the FFT comes from: a target of TensorFlow in 2.15, a library of others from then on."""
    if tuple(number) >= (2, 16):
        yield "@ducc//:fft_wrapper"
    elif tuple(number) >= (2, 15):
        yield f"{core}/core/kernels:portable_fft_impl"


def _qualified(labels: Sequence[str], core: str) -> list[str]:
    """Labels of TensorFlow's own repository as seen from where the file is."""
    full = [core + label.removeprefix("//tensorflow") for label in labels]
    return sorted(full, key=buildifier_order)
