"""What ONNX Runtime's own tools say of the models of the tests.

``OPSELECT_ONNXRUNTIME_PYTHON`` is an interpreter of Python that has ``onnxruntime``, ``onnx`` and ``flatbuffers``, and
``OPSELECT_ONNXRUNTIME_TREE`` a folder with ``tools/python/create_reduced_build_config.py`` and what it imports from
``tools/python/util``. ``python -m tests.conformance.onnxruntime_tools`` writes ``fixtures/onnx/tools.json`` with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.opselect.onnx_models import MODELS, SETS, write_models

PYTHON = os.environ.get("OPSELECT_ONNXRUNTIME_PYTHON", "")
TREE = os.environ.get("OPSELECT_ONNXRUNTIME_TREE", "")
STORED = Path(__file__).parents[2] / "fixtures" / "onnx" / "tools.json"

_TOOLS = """
import json, logging, pathlib, sys
logging.disable(logging.CRITICAL)
import onnxruntime
tools = pathlib.Path(onnxruntime.__file__).parent / "tools"
sys.path.insert(0, str(tools / "ort_format_model"))
from onnxruntime.tools import ort_format_model, reduced_build_config_parser
"""

_CONVERTED = """
level = sys.argv[1]

def converted(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = str(model.with_suffix(".ort"))
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return model.with_suffix(".ort")
"""

_TEXTS = """
texts = []
for models in json.load(sys.stdin):
    out = pathlib.Path(models[0]).with_name("tools.config")
    ort_format_model.create_config_from_models([converted(pathlib.Path(model)) for model in models], out, True)
    texts.append(out.read_text())
print(json.dumps(texts))
"""

_RUN = """
found = []
for path in json.load(sys.stdin):
    try:
        models = [converted(pathlib.Path(path))]
        required, types = ort_format_model.utils._extract_ops_and_types_from_ort_models(models, True)
    except Exception:  # whatever runtime and tools raise: the caller counts what could be compared
        found.append(None)
        continue
    pairs = {(domain, op) for domain, opsets in required.items() for ops in opsets.values() for op in ops}
    found.append({f"{domain}:{op}": types.get_config_entry(domain, op) or "" for domain, op in pairs})
print(json.dumps(found))
"""

_PARSED = """
found = []
for path in json.load(sys.stdin):
    required, types = reduced_build_config_parser.parse_config(path, True)
    rows = [(f"{domain};{opset}", sorted(ops)) for domain, each in required.items() for opset, ops in each.items()]
    used = types._manager._operator_processors if types else {}
    entries = {name: json.loads(each.to_config_entry()) for name, each in used.items()}
    found.append({"operators": dict(rows), "types": entries})
print(json.dumps(found))
"""

_COUNTED = """
from onnxruntime.tools.ort_format_model import operator_type_usage_processors as processors
found = {}
for name, each in processors._create_operator_type_usage_processors().items():
    one_hot = isinstance(each, processors.OneHotProcessor)
    found[name] = None if one_hot else [sorted(each._input_types), sorted(each._output_types)]
names = sorted(ort_format_model.types.FbsTypeInfo.tensordatatype_to_string.values())
print(json.dumps({"counted": found, "types": names}))
"""

_KEPT = """
found = []
for domain, name, entry in json.load(sys.stdin):
    manager = ort_format_model.operator_type_usage_processors.OperatorTypeUsageManager()
    manager.restore_from_config_entry(domain, name, json.dumps(entry))
    registered = {"OneHot": "float_float_float", "GatherPacked": "float,float"}.get(name, "float")
    try:
        found.append(manager.make_op_type_impl_filter().is_typed_registration_needed(domain, name, registered))
    except (RuntimeError, KeyError):
        found.append(False)
print(json.dumps(found))
"""

_OPERATORS = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from create_reduced_build_config import create_config_from_onnx_models
texts = []
for models in json.load(sys.stdin):
    out = pathlib.Path(models[0]).with_name("operators.config")
    create_config_from_onnx_models([pathlib.Path(model) for model in models], out)
    texts.append(out.read_text())
print(json.dumps(texts))
"""


def _asked(script: str, question: object, *arguments: str) -> Any:
    run = subprocess.run(
        [PYTHON, "-c", script, *arguments], input=json.dumps(question), capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


def texts_with_types(sets: list[list[str]], level: str = "ORT_DISABLE_ALL") -> list[str]:
    """The configurations that the tools write for sets of models, converted at a level of optimisation."""
    texts: list[str] = _asked(_TOOLS + _CONVERTED + _TEXTS, sets, level)
    return texts


def operators_that_run(models: list[str]) -> list[dict[str, str] | None]:
    """The operators that ONNX Runtime runs for models, ``domain:name``, without optimisations, and their types as JSON;
    None for models that it does not load, or whose types the tools do not know.
    """
    found: list[dict[str, str] | None] = _asked(_TOOLS + _CONVERTED + _RUN, models, "ORT_DISABLE_ALL")
    return found


def parsed(configurations: list[str]) -> list[dict[str, Any]]:
    """The operators and the types that the tools read out of configurations."""
    found: list[dict[str, Any]] = _asked(_TOOLS + _PARSED, configurations)
    return found


def counted_arguments() -> dict[str, Any]:
    """The positions that the tools count of each operator, and the names of types that they know."""
    found: dict[str, Any] = _asked(_TOOLS + _COUNTED, None)
    return found


def float_kernels_kept(entries: list[tuple[str, str, Any]]) -> list[bool]:
    """Whether the tools keep the kernels for float of an operator of a domain that has an entry of types."""
    found: list[bool] = _asked(_TOOLS + _KEPT, entries)
    return found


def texts_of_operators(sets: list[list[str]]) -> list[str]:
    """What ``create_reduced_build_config.py`` writes for sets of models."""
    texts: list[str] = _asked(_OPERATORS, sets, str(Path(TREE) / "tools" / "python"))
    return texts


def without_comments(text: str) -> list[str]:
    """The lines of a configuration that say what is built."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def tools_say(folder: Path) -> dict[str, Any]:
    """All that is stored: the lines of each model and each set, from both tools."""
    sets = [(name,) for name in MODELS] + list(SETS)
    paths = [[str(path) for path in write_models(folder, *names)] for names in sets]
    rows = zip(sets, texts_of_operators(paths), texts_with_types(paths), strict=True)
    return {
        "+".join(names): {"operators": without_comments(operators), "types": without_comments(types)}
        for names, operators, types in rows
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        STORED.write_text(json.dumps(tools_say(Path(folder)), indent=1) + "\n")


if __name__ == "__main__":
    main()
