"""On which platforms TensorFlow's own rules for Flex libraries take notice of the models that they are given.

``tflite_flex_cc_library`` has one ``select``: in the branches that it names a library of the models' ops is linked, and
``//conditions:default`` links ``//tensorflow/core:tensorflow``, which is all of TensorFlow. Source:
``tensorflow/lite/delegates/flex/build_def.bzl`` of 2.4 to 2.16 and 2.20, ``tflite/delegates/flex/build_def.bzl`` of
LiteRT 1.1 to 2.2.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_index.profiles import release_number
from kernel_index.shown import one_line, shortened

FIRST_WITH_MODELS = (2, 4)
"""The first release whose rules for Flex libraries can be built for some models."""

_RULE = "tflite_flex_cc_library"
_FILES = ("tensorflow/lite/delegates/flex/build_def.bzl", "tflite/delegates/flex/build_def.bzl")
_ALL_OF_TENSORFLOW = "core:tensorflow"
_MAX_BYTES = 1 << 20

_NAMES = {
    "android": "Android",
    "ios": "iOS",
    "chromiumos": "ChromiumOS",
    "mobile": "all of //tensorflow:mobile (Android, iOS, ChromiumOS, Fuchsia, Emscripten)",
    "elinux": "embedded Linux",
    "linux_aarch64": "64-bit ARM Linux",
    "linux_armhf": "32-bit ARM Linux",
}
IN_ALL_RELEASES = {
    "tensorflow": "Android, iOS and, from 2.12 on, ChromiumOS",
    "litert": "Android, iOS, ChromiumOS and, from 2.1.6 on, Fuchsia and Emscripten",
}
"""The platforms of TensorFlow's rules and of LiteRT's where no release is asked about."""

INSTEAD = "--target flex-bazel writes a rule that selects there, too"
"""What to do where the rules ignore models."""

_ALWAYS = ("android", "ios")
_CHROMIUM_SINCE = (2, 12)


@dataclass(frozen=True, slots=True)
class FlexPlatforms:
    """The conditions under which the rules select, by the names of their ``config_setting``, and which file says so,
    empty where it is known of the release.
    """

    conditions: tuple[str, ...]
    file: str = ""

    def shown(self) -> str:
        """The platforms in a sentence, on one line."""
        names = [_NAMES.get(condition, shortened(one_line(condition))) for condition in self.conditions]
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "no platform"


def flex_platforms(release: str = "", tree: Path | None = None, folder: str = "") -> FlexPlatforms:
    """Where the rules of a release select, of the newest that was read without one; those of a tree as its own file
    says, where that can be read. ``folder`` is that of TensorFlow Lite there, where its rules alone are meant.

    Forks differ: one for embedded Linux has a branch of its own.
    """
    for name in _FILES:
        conditions = _read(tree / name) if tree is not None and name.startswith(folder) else None
        if conditions is not None:
            return FlexPlatforms(conditions, name)
    later = not release or release_number(release) >= _CHROMIUM_SINCE
    return FlexPlatforms((*_ALWAYS, "chromiumos") if later else _ALWAYS)


def where_models_are_ignored(platforms: FlexPlatforms) -> str:
    """What a user must know who builds with TensorFlow's own rules, as a sentence."""
    return (
        f"the Flex rules of TensorFlow Lite select for {platforms.shown()} only, and link all of TensorFlow elsewhere "
        f"(Linux, macOS, Windows), without a word: {INSTEAD}"
    )


def _read(path: Path) -> tuple[str, ...] | None:
    """The conditions of the rule's select; None where there is no such file, rule or select."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:  # a pipe would wait for ever
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that only Starlark knows
            parsed = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for statement in parsed.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == _RULE:
            for branches in _selects(statement):
                if any(text.endswith(_ALL_OF_TENSORFLOW) for text in _texts(branches)):
                    return tuple(_conditions(branches))
    return None


def _selects(function: ast.FunctionDef) -> Iterator[ast.Dict]:
    for node in ast.walk(function):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "select"
        if called and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Dict):
            yield node.args[0]


def _texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _conditions(branches: ast.Dict) -> Iterator[str]:
    """Names of the branches that do not link all of TensorFlow."""
    for key, value in zip(branches.keys, branches.values, strict=True):
        label = next(_texts(key), "") if key is not None else ""
        if not any(text.endswith(_ALL_OF_TENSORFLOW) for text in _texts(value)):
            yield label.rpartition(":")[2]
