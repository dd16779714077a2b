"""What does the interpreter in a wheel of TensorFlow or LiteRT register? It is asked itself, without its sources.

A tiny model is given to it for each operator and version; what it lacks it names in an error, as
``lite/core/api/op_resolver.cc`` writes it. The wheel is loaded by a Python that it is made for, with a NumPy that it
takes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_index.errors import InputError
from opselect.lite.operators import Versions
from opselect.lite.runtimes.releases import LITERT, LiteRelease, parse_release
from opselect.lite.runtimes.upstream import operator_codes

MAX_VERSION = 32
"""The highest version that is asked for: twice the highest that any operator has."""

_CUSTOM_VERSIONS = (1, 2)
"""Those that custom operators are asked for; all are registered in the first alone."""

NO_OPERATORS = ("CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES")
"""Codes of the schema that stand for operators without a code, for a delegate's, and for greater codes."""

_LACKING = ("Didn't find op for builtin opcode", "Op builtin_code out of range")
"""What an interpreter says of an operator that it has not in the version, or whose code its schema has not."""

_FOLDERS = ("tensorflow/lite/python/interpreter_wrapper", "ai_edge_litert")
"""Where wheels of TensorFlow and of LiteRT have the interpreter."""

_MODULE = "_pywrap_*_interpreter_wrapper.*"
_SCHEMA = "schema_py_generated.py"
_NEEDED = re.compile(r"(?:tensorflow/(?:.*\.so[.\d]*|lite/python/(?:.*/)?[^/]*\.py)|ai_edge_litert/.*)")
_NAME = re.compile(r"(?:tensorflow(?:_cpu)?|(?P<litert>ai_edge_litert))-(?P<release>\d+\.\d+\.\d+)-")

# Runs in a process of its own, which an operator without its options may end: the models come as lines of
# hexadecimal digits, and for each goes out a line with what the interpreter said. Only its own library is loaded.
_ASKING = """
import importlib, json, sys, types
root, name = sys.argv[1:]
sys.path.insert(0, root)
parts = name.split(".")
for length in range(1, len(parts)):
    package = types.ModuleType(".".join(parts[:length]))
    package.__path__ = ["/".join([root, *parts[:length]])]
    sys.modules[package.__name__] = package
wrapper = importlib.import_module(name)
for line in sys.stdin:
    said = ""
    try:
        wrapper.CreateWrapperFromBuffer(bytes.fromhex(line), 1, [], False, False).AllocateTensors()
    except Exception as problem:  # Whatever it raises is its answer: the words say what it lacks, and are read.
        said = str(problem)
    print(json.dumps(said), flush=True)
"""


@dataclass(frozen=True, slots=True)
class WheelRegistrations:
    """What the interpreter of a wheel registers, and the codes of its schema, None where it has none with it."""

    release: LiteRelease
    registered: Mapping[str, Versions]
    custom: Mapping[str, Versions]
    codes: Mapping[str, int] | None


def ask_lite_wheel(
    wheel: Path, custom: Sequence[str], known: Mapping[str, int], python: str = sys.executable
) -> WheelRegistrations:
    """What the interpreter of a wheel registers by default; of custom operators those with given names are asked for.

    ``known`` are the codes of built-ins that a wheel without a schema is asked for, ``python`` the program that loads
    the interpreter.

    Raises InputError for a file that is no wheel of TensorFlow or LiteRT, and for one whose interpreter does not
    answer.
    """
    name = _NAME.match(wheel.name)
    release = parse_release(f"{LITERT if name['litert'] else ''}{name['release']}") if name else None
    if release is None or not zipfile.is_zipfile(wheel):
        advice = "Download one: pip download --no-deps tensorflow-cpu==VERSION."
        raise InputError(str(wheel), "is no wheel of TensorFlow or LiteRT", advice)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [each for each in archive.namelist() if _NEEDED.fullmatch(each)])
        schema = next(Path(folder).rglob(_SCHEMA), None)
        codes = operator_codes(schema.read_text(encoding="utf-8"), f"{wheel}!{_SCHEMA}") if schema else None
        registered, customs = asked_registrations(Path(folder), codes or known, custom, python)
        return WheelRegistrations(release, registered, customs, codes)


def asked_registrations(
    packages: Path, codes: Mapping[str, int], custom: Iterable[str], python: str = sys.executable
) -> tuple[dict[str, Versions], dict[str, Versions]]:
    """The built-ins and the custom operators that the interpreter registers in whose folder of packages it is.

    Raises InputError where it does not answer, or not in words that are known.
    """
    builtin = {op: code for op, code in codes.items() if op not in NO_OPERATORS}
    asked = [(op, version) for op in builtin for version in range(1, MAX_VERSION + 1)]
    said = _answers(python, packages, [_model_bytes(builtin[op], "", version) for op, version in asked])
    if len(said) < len(asked):
        raise InputError(str(packages), f"the interpreter ended at {asked[len(said)]}")
    found: dict[str, list[int]] = {}
    for (op, version), answer in zip(asked, said, strict=True):
        if not answer:
            found.setdefault(op, []).append(version)
        elif not any(words in answer for words in _LACKING):
            raise InputError(str(packages), f"the interpreter says of {op} in version {version}: {answer}")
    customs: dict[str, list[int]] = {}
    for op in custom:
        for version in _CUSTOM_VERSIONS:
            # One a process: a kernel without its inputs may end it, but only one that is registered.
            answer = "".join(_answers(python, packages, [_model_bytes(codes["CUSTOM"], op, version)]))
            if "unresolved custom op" not in answer:
                if answer and "failed to prepare" not in answer:
                    raise InputError(str(packages), f"the interpreter says of {op}: {answer}")
                customs.setdefault(op, []).append(version)
    return _spans(found, MAX_VERSION, packages), _spans(customs, _CUSTOM_VERSIONS[-1], packages)


def _spans(found: Mapping[str, list[int]], last: int, packages: Path) -> dict[str, Versions]:
    for op, versions in found.items():
        if versions != list(range(versions[0], versions[-1] + 1)) or versions[-1] == last:
            raise InputError(str(packages), f"has versions {versions} of {op}, which are no range below {last}")
    return {op: (versions[0], versions[-1]) for op, versions in found.items()}


def _answers(python: str, packages: Path, models: Sequence[bytes]) -> list[str]:
    """What the interpreter said of models, in their order; fewer where it ended at one."""
    modules = [path for folder in _FOLDERS for path in sorted((packages / folder).glob(_MODULE))]
    if not modules:
        raise InputError(str(packages), "has no interpreter of TensorFlow Lite")
    module = ".".join([*modules[0].parent.relative_to(packages).parts, modules[0].name.partition(".")[0]])
    process = subprocess.run(
        [python, "-c", _ASKING, str(packages), module],
        input="".join(f"{model.hex()}\n" for model in models),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in process.stdout.splitlines()]
    if not answers and "Traceback" in process.stderr:
        problem = process.stderr.strip().splitlines()[-1]
        raise InputError(str(packages), f"the interpreter cannot be loaded: {problem}")
    return answers


def _model_bytes(code: int, custom: str, version: int) -> bytes:
    """A model with one operator; a built-in is in the table alone, a custom one runs, for else it is not missed."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(0)

    def table(kind: str, **fields: int) -> int:
        getattr(tflite, f"{kind}Start")(builder)
        for field, value in fields.items():
            getattr(tflite, f"{kind}Add{field}")(builder, value)
        end: int = getattr(tflite, f"{kind}End")(builder)
        return end

    def vector(*entries: int) -> int:
        builder.StartVector(4, len(entries), 4)
        for entry in reversed(entries):
            builder.PrependUOffsetTRelative(entry)
        end: int = builder.EndVector()
        return end

    codes = {"DeprecatedBuiltinCode": min(code, 127), "BuiltinCode": code, "Version": version}
    if custom:
        codes["CustomCode"] = builder.CreateString(custom)
    operators = []
    if custom:
        # An empty map of FlexBuffers, which kernels read whose options are all left out.
        options = builder.CreateByteVector(bytes((0, 0, 0, 36, 1)))
        nothing = [_empty_numbers(builder) for _ in range(2)]
        operators = [table("Operator", OpcodeIndex=0, Inputs=nothing[0], Outputs=nothing[1], CustomOptions=options)]
    parts = {
        "Tensors": vector(), "Inputs": _empty_numbers(builder), "Outputs": _empty_numbers(builder),
        "Operators": vector(*operators), "Name": builder.CreateString("main"),
    }  # fmt: skip
    subgraphs = vector(table("SubGraph", **parts))
    buffers = vector(table("Buffer"))
    operator_table = vector(table("OperatorCode", **codes))
    model = table("Model", Version=3, OperatorCodes=operator_table, Subgraphs=subgraphs, Buffers=buffers)
    builder.Finish(model, file_identifier=b"TFL3")
    return bytes(builder.Output())


def _empty_numbers(builder: Any) -> int:
    builder.StartVector(4, 0, 4)
    end: int = builder.EndVector()
    return end
