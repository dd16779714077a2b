"""What must a reduced build of ONNX Runtime be told of some models?"""

from __future__ import annotations

from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch


def onnxruntime_texts(question: RuntimeQuestion, watch: Watch) -> RuntimeTexts:
    """The configuration of the operators that models need, together with those that other configurations name."""
    raise NotImplementedError
