"""Writes ``tflite.BUILD``: rules that build TensorFlow Lite and its Flex delegate for some models.

The rules are those of ``lite/build_def.bzl`` and ``lite/delegates/flex/build_def.bzl``, which take these arguments from
TensorFlow 2.4 to 2.20 and in LiteRT 2.2; the C library comes with 2.5, the shared Flex library with 2.6.
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel_index.shown import shown_path
from opselect.build_lists.lite.model_files import model_files
from opselect.build_lists.lite.options import Labels, LiteOptions
from opselect.build_lists.lite.registration import custom_functions
from opselect.build_lists.templates import fill_template
from opselect.lite.flex_platforms import IN_ALL_RELEASES, INSTEAD, flex_platforms
from opselect.lite.operators import LiteModel, used_operators
from opselect.selection.flex_ops import check_flex_options

_WHOSE: dict[Labels, str] = {"tensorflow": "TensorFlow's", "litert": "LiteRT's"}


def bazel_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The rules for all models together, and those of the Flex delegate where models run TensorFlow ops.

    Raises InputError for a file name that Bazel's rules cannot carry, for a Flex operator at which ``list_flex_ops``,
    which the rules run, would abort, and for a custom operator whose name makes no function.
    """
    files = dict(zip(model_files(models), models, strict=True))
    check_flex_options(models)
    # As the rules' own tool, which reads the whole table of operators.
    used = used_operators(models, whole_table=True)
    flex = tuple(file for file, model in files.items() if used_operators([model]).flex)
    values: dict[str, object] = {
        "folder": options.folder,
        "models": tuple(sorted(files)),
        "flex_models": tuple(sorted(flex)),
        "custom": custom_functions(used.custom, models, options),
        "flex_platforms": _flex_platforms(options),
    }
    return fill_template("tflite.BUILD.j2", values, options.template_dir)


def bazel_warnings(models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """What the rules do not do of what their names promise, and what only the user has."""
    used = used_operators(models, whole_table=True)
    warnings = []
    if used_operators(models).flex:
        warnings.append(f"{_flex_platforms(options)}, without a word: {INSTEAD}.")
    if used.custom:
        names = ", ".join(map(shown_path, used.custom))
        warnings.append(f"tflite.BUILD has a place for the target that defines the custom operators: {names}.")
    return tuple(warnings)


def _flex_platforms(options: LiteOptions) -> str:
    """Where ``tflite_flex_cc_library`` has branches, beside the default, which is ``//tensorflow/core:tensorflow``."""
    found = flex_platforms(tree=options.tree, folder=options.folder)
    where = found.shown() if found.file else IN_ALL_RELEASES[options.labels]
    return f"{_WHOSE[options.labels]} flex rules select only for {where}, and link all of TensorFlow elsewhere"
