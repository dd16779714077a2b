"""Models of TensorFlow Lite, as what is written for them is given them."""

from __future__ import annotations

from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.render import render_lite
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import FlexProblem, OperatorCode, TfliteModel, TfliteOperator, TfliteSubgraph
from opselect.targets import Target


def builtin(name: str, version: int = 1) -> TfliteOperator:
    return TfliteOperator(name, version)


def custom(name: str, problem: FlexProblem | None = None) -> TfliteOperator:
    return TfliteOperator(name, is_custom=True, problem=problem)


def model(name: str, *operators: TfliteOperator, unused: tuple[TfliteOperator, ...] = ()) -> LiteModel:
    """A model of one subgraph; its table has the ``unused`` operators besides those that it runs."""
    codes: tuple[OperatorCode, ...] = tuple(dict.fromkeys(operator.code for operator in (*operators, *unused)))
    subgraphs = (TfliteSubgraph("main", operators=operators),)
    return LiteModel(name, TfliteModel(3, "", subgraphs, operator_codes=codes))


def text_of(target: Target, *models: LiteModel, **options: str) -> str:
    (text,) = render_lite(target, models, LiteOptions(**options)).values()  # type: ignore[arg-type]  # any option
    return text
