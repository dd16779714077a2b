"""What is told of the operators that ONNX Runtime adds when it loads models."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.records_json import Json
from opselect.onnxruntime.models import ONNX_DOMAIN
from opselect.onnxruntime.optimizer_ops import AddedOperator

_NAMED = 5


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


def additions_warning(added: Sequence[AddedOperator]) -> str:
    """What a build may lack that is not told of them."""
    names = sorted({each.name if each.domain == ONNX_DOMAIN else f"{each.domain}:{each.name}" for each in added})
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return (
        f"ONNX Runtime may use {', '.join(names[:_NAMED])}{more} when it optimises such models, and a build without "
        "them then fails to load them: --with-optimizer-ops counts them too"
    )
