"""What ONNX Runtime's own tools make of configurations, for a Python that has onnxruntime and flatbuffers.

Standard input is a JSON list of their texts. Standard output is a list with, for each, ``operators`` (domain, opset and
name), ``registrations`` (domain, name and the type of a registration that stays) and ``restricted`` (the types that C++
restricts something to), or with ``error``.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from onnxruntime.tools.reduced_build_config_parser import parse_config  # type: ignore[import-not-found]  # of the wheel

TYPES = ("float", "int32_t", "int64_t", "string", "MLFloat16")
TRIPLES = ["_".join(types) for types in product(("float", "int64_t", "string"), repeat=3)]
PAIRS = [",".join(types) for types in product(("float", "MLFloat16"), ("int32_t", "int64_t"))]
OPERATORS = [
    *(("ai.onnx", name) for name in ("Add", "Cast", "Gather", "ReduceProd", "Where", "QuantizeLinear", "Reshape")),
    *(("com.microsoft", name) for name in ("QLinearAdd", "FusedConv")),
]
CUSTOM = {("ai.onnx", "OneHot"): TRIPLES, ("com.microsoft", "GatherPacked"): PAIRS}


def needs(path: str) -> dict[str, Any]:
    """What a build of a configuration has by the tools."""
    required, types = parse_config(path, enable_type_reduction=True)
    found: dict[str, Any] = {"operators": None, "registrations": [], "restricted": {}}
    if required is not None:
        found["operators"] = [
            [domain, opset, name]
            for domain in required
            for opset in required[domain]
            for name in required[domain][opset]
        ]
    wanted = {operator: list(TYPES) for operator in OPERATORS} | CUSTOM
    for (domain, name), registered in wanted.items():
        for each in registered:
            if types is None or types.is_typed_registration_needed(domain, name, each):
                found["registrations"].append([domain, name, each])
    for line in types.get_cpp_entries() if types is not None else []:
        # ORT_SPECIFY_OP_KERNEL_ARG_ALLOWED_TYPES(kOnnxDomain, Add, Input, 0, float); or …_GLOBAL_ALLOWED_TYPES(float);
        words = [word.strip() for word in re.findall(r"\((.*)\)", line)[0].split(",")]
        at = 0 if "GLOBAL" in line else 4
        found["restricted"]["/".join(words[:at])] = words[at:]
    return found


def main() -> None:
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "required_operators.config")
        for text in json.load(sys.stdin):
            path.write_text(text)
            try:
                answers.append(needs(str(path)))
            except Exception as error:  # whatever the tools end with
                answers.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
