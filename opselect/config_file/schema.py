"""The JSON schema of ``opselect.yaml``, made of the table of its keys."""

from __future__ import annotations

import json
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.records_json import Json
from opselect.config_file.keys import CONFIG, SOURCES
from opselect.targets import TARGET_KINDS

SCHEMA_FILE = Path(__file__).with_name("opselect.schema.json")


def json_schema() -> Json:
    """The schema: it admits what the reader takes, but for what depends on other values, on files and on releases.

    ``opselect.schema.json`` holds it, and a test that both are the same.
    """
    schema = CONFIG.schema()
    named = {"anyOf": [_some("models"), _some("requirements")]}
    of_one = [{"required": [source]} for source in SOURCES]
    kinds = {"enum": sorted(kind.name for kind in TARGET_KINDS if kind.runtime != "tensorflow")}
    # Of models alone: no TensorFlow is asked.
    alone = [
        {"required": ["kind"], "properties": {"kind": kinds}},
        {"required": ["no_kernels"], "properties": {"no_kernels": {"const": True}}},
    ]
    each_target = {
        "properties": {"targets": {"items": {"anyOf": [kinds, {"type": "object", "anyOf": [*of_one, *alone]}]}}}
    }
    rules = [*CONFIG.rules(), named, {"anyOf": [*of_one, each_target]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "opselect.yaml",
        **schema,
        "allOf": rules,
    }


def _some(key: str) -> Json:
    """The key is there and no empty list."""
    return {"required": [key], "properties": {key: {"not": {"type": "array", "maxItems": 0}}}}


def schema_file_text() -> str:
    """What the file must hold."""
    return json.dumps(json_schema(), indent=2) + "\n"


def schema_text() -> str:
    """The text of the schema that is installed. Raises InputError where it is not there."""
    try:
        return SCHEMA_FILE.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(str(SCHEMA_FILE), f"cannot be read: {error.strerror}", "Install opselect again.") from error
