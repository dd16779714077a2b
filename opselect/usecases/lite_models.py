"""Which TensorFlow Lite models are meant, read for what they say themselves."""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.errors import OpselectError, reading
from opselect.lite.operators import LiteModel
from opselect.models.formats import model_at
from opselect.models.formats.tflite import read_tflite
from opselect.models.graph.tflite import TfliteModel
from opselect.models.storage import open_file
from opselect.usecases.model_names import model_names
from opselect.usecases.watch import NOBODY, Watch

_TASK = "Reading models"


def read_lite_models(paths: Sequence[str], watch: Watch = NOBODY) -> tuple[LiteModel, ...]:
    """The models at some paths or URLs, in their order; a path that is named twice is one model.

    ``Flex…`` operators with options that make no sense are in them, and a model may have no subgraphs. Raises
    OpselectError where no model is named, and InputError for what cannot be read and for what is no model of TensorFlow
    Lite.
    """
    if not paths:
        raise OpselectError("no model of TensorFlow Lite is named\n  Name those whose operators are to be written.")
    named = model_names(paths)
    models = []
    for number, (path, name) in enumerate(named.items()):
        watch.progress(_TASK, number, len(named))
        models.append(LiteModel(name, _read(path)))
    watch.progress(_TASK, len(named), len(named))
    return tuple(models)


def _read(path: str) -> TfliteModel:
    with model_at(path) as place, reading(place), open_file(place) as file:
        return read_tflite(file, may_be_empty=True)
