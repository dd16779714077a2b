"""Releases of TensorFlow Lite and LiteRT: which operators they have, and which of them a model needs at least."""

from opselect.lite.runtimes.minimum import (
    Judgement,
    ModelMinimum,
    OperatorMinimum,
    is_older,
    minimum_runtime,
    minimum_runtime_of,
)
from opselect.lite.runtimes.registered import (
    find_runtime,
    first_named,
    first_releases,
    newest_named,
    registered_versions,
    registering_function,
    runtime_releases,
)
from opselect.lite.runtimes.releases import LiteRelease
from opselect.lite.runtimes.schema import (
    GREATER_CODES,
    first_schemas,
    operator_code,
    operator_of_code,
    schema_has,
    schema_releases,
)

__all__ = [
    "GREATER_CODES",
    "Judgement",
    "LiteRelease",
    "ModelMinimum",
    "OperatorMinimum",
    "find_runtime",
    "first_named",
    "first_releases",
    "first_schemas",
    "is_older",
    "minimum_runtime",
    "minimum_runtime_of",
    "newest_named",
    "operator_code",
    "operator_of_code",
    "registered_versions",
    "registering_function",
    "runtime_releases",
    "schema_has",
    "schema_releases",
]
