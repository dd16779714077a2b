"""What is told of the operators that ONNX Runtime adds when it loads models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kernel_index.records_json import Json
from opselect.onnxruntime.models import ONNX_DOMAIN
from opselect.onnxruntime.optimizer_ops import AddedOperator

_NAMED = 5
_OPTION = "--with-optimizer-ops (in opselect.yaml: with_optimizer_ops)"


def additions_json(added: Sequence[AddedOperator]) -> list[Json]:
    """``[{"domain", "opset", "op", "optimizer", "level", "because"}]``."""
    return [
        {
            "domain": each.domain,
            "opset": each.opset,
            "op": each.name,
            "optimizer": each.optimizer,
            "level": each.level,
            "because": list(each.because),
        }
        for each in added
    ]


def additions_warnings(added: Sequence[AddedOperator]) -> Iterator[str]:
    """What a build may lack that is not told of them, at first what is added even without optimisations."""
    always = [each for each in added if each.level == "always"]
    optimised = [each for each in added if each.level != "always"]
    if always:
        reasons = _listed(dict.fromkeys(reason for each in always for reason in each.because))
        yield (
            f"ONNX Runtime may have no kernel for {reasons} and then runs {_names(always)}, even without "
            f"optimisations; a build that lacks these does not load such models: {_OPTION} adds them"
        )
    if optimised:
        yield (
            f"ONNX Runtime may use {_names(optimised)} when it optimises such models; a build that lacks these then "
            f"does not load them: {_OPTION} adds them"
        )


def _names(added: Sequence[AddedOperator]) -> str:
    return _listed(
        sorted({each.name if each.domain == ONNX_DOMAIN else f"{each.domain}:{each.name}" for each in added})
    )


def _listed(names: Iterable[str]) -> str:
    first = list(names)
    more = f" and {len(first) - _NAMED:,} more" if len(first) > _NAMED else ""
    return ", ".join(first[:_NAMED]) + more
