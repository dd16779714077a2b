"""What must a selective build of ExecuTorch be told of some programs?"""

from __future__ import annotations

from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch


def executorch_texts(question: RuntimeQuestion, watch: Watch) -> RuntimeTexts:
    """The lists of the operators and dtypes that programs and other lists need."""
    raise NotImplementedError
