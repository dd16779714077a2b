"""``opselect.yaml`` written: a commented one to begin with, and one that says what others said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel_index.profiles import PROFILE_NAMES
from kernel_index.shown import one_line
from opselect.config_file.keys import BUDGETS
from opselect.targets import TARGET_KINDS, Target
from opselect.yaml_text import to_yaml


@dataclass(frozen=True, slots=True)
class FirstModel:
    """A model of a first configuration: its path, tags where one must choose, and what a comment says of it."""

    path: str
    tags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstConfig:
    """What a first configuration says.

    ``source`` is the key that names the TensorFlow and its value; without it, only of models is something written.
    """

    models: Sequence[FirstModel]
    source: tuple[str, str] | None
    profile: str
    targets: Sequence[Target]
    out: str
    passed_over: Sequence[tuple[str, str]] = ()


def first_config(config: FirstConfig) -> str:
    """The text of a configuration to begin with: a comment on everything that can be said."""
    return "".join(f"{line}\n" for line in _lines(config))


def scalar(text: str) -> str:
    """A text as YAML, in double quotes where anything in it could be taken for something else."""
    plain = to_yaml([text]).removeprefix("- ")
    return plain if "\n" not in plain else _double_quoted(text)


def _double_quoted(text: str) -> str:
    import yaml

    written: str = yaml.safe_dump(text, default_style='"', width=10**9)
    return written.removesuffix("\n").removesuffix("...").removesuffix("\n")


def _lines(config: FirstConfig) -> Iterator[str]:
    yield "# What `opselect generate` writes, and of what. Paths are relative to this file."
    yield "# All keys: docs/config.md; `opselect init --schema` prints a JSON schema for editors."
    yield ""
    yield "# Paths, patterns such as models/**/*.pb, or URLs; an entry with `path:` may have tags, signature, inputs"
    yield "# and outputs, too."
    yield "models:"
    for model in config.models:
        yield from _model_lines(model)
    for path, reason in config.passed_over:
        yield f"  # not taken: {one_line(path)}: {one_line(reason)}"
    yield ""
    yield "# Which TensorFlow: `tensorflow: VERSION`, `tree: PATH` of a checkout, or `index: FILE`."
    yield from _build_lines(config)
    yield ""
    yield "# Where to write, and what. A target may have a profile, a folder and a TensorFlow of its own:"
    yield "#   - kind: manifest"
    yield "#     profile: android-full"
    yield "#     out: full"
    yield f"out: {scalar(config.out)}"
    yield "targets:"
    width = max(len(kind.name) for kind in TARGET_KINDS) + len("- ")
    for kind in TARGET_KINDS:
        line = f"- {kind.name}"
        lead = "  " if kind.name in config.targets else "  # "
        yield f"{lead}{line.ljust(width)} # {kind.summary}"
    if config.source is None:
        return
    yield ""
    yield "# Whether to write although the build cannot have all that the models need."
    yield "allow_missing: false"
    yield "# Whether kernels count that optimizers of the runtime only may need."
    yield "inserted_ops: true"
    yield "# What must not be more than a number; where it is, nothing is written and the exit code is 1."
    yield "# budgets:"
    for number in BUDGETS.keys:
        yield f"#   {number.name}: 200 # {number.summary}"


def _build_lines(config: FirstConfig) -> Iterator[str]:
    if config.source is None:
        yield "# None is needed here: these models are of other runtimes."
        return
    key, value = config.source
    yield f"{key}: {scalar(value)}"
    yield f"# The build: {', '.join(PROFILE_NAMES)}."
    yield f"profile: {scalar(config.profile)}"
    yield "# Folders with kernels of your own:"
    yield "# roots: [my_ops]"


def _model_lines(model: FirstModel) -> Iterator[str]:
    for remark in model.remarks:
        yield f"  # {one_line(remark)}"
    if not model.tags:
        yield f"  - {scalar(model.path)}"
        return
    yield f"  - path: {scalar(model.path)}"
    yield f"    tags: [{', '.join(_double_quoted(tag) for tag in model.tags)}]"
