"""Pages for those who come from other tools have every flag of theirs; no page names an option that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from opselect.cli.main import cli as cli_group
from tests.cli.commands_page import ROOT

MIGRATING = ROOT / "docs" / "migrating"

FLAGS = {
    # tensorflow/python/tools, 1.0.0 to 2.16.1
    "freeze_graph": (
        "input_graph input_saver input_checkpoint checkpoint_version output_graph input_binary output_node_names "
        "restore_op_name filename_tensor_name clear_devices initializer_nodes variable_names_whitelist "
        "variable_names_blacklist variable_names_denylist input_meta_graph input_saved_model_dir saved_model_tags"
    ),
    "optimize_for_inference": (
        "input output input_names output_names frozen_graph placeholder_type_enum toco_compatible "
        "placeholder_to_const_names "
        "input_graph input_binary output_graph output_binary input_node_names output_node_names"
    ),
    "selective_header": "graphs proto_fileformat default_ops",
    # tensorflow/tools/graph_transforms/transform_graph.cc
    "transform_graph": "in_graph out_graph inputs outputs transforms output_as_text",
    # tensorflow/lite/tools/list_flex_ops_main.cc, gen_op_registration_main.cc from 1.15 on, and
    # tensorflow/lite/micro/tools/gen_micro_mutable_op_resolver
    "list_flex_ops": (
        "graphs input_model input_models output_registration tflite_path namespace for_micro "
        "common_tflite_path input_tflite_files output_dir verify_op_list_against_header"
    ),
    # tools/python/create_reduced_build_config.py of ONNX Runtime
    "create_reduced_build_config": "format enable_type_reduction",
    # codegen/tools/gen_oplist.py, gen_all_oplist.py and gen_selected_op_variants.py of ExecuTorch
    "gen_oplist": (
        "output_path model_file_path ops_schema_yaml_path root_ops ops_dict include_all_operators "
        "include-all-operators output-dir model-file-list-path allow-include-all-overloads check-ops-not-overlapping "
        "DEBUG-ONLY-check-prim-ops yaml-file-path"
    ),
}
"""The flags of each tool, as its sources have them."""


@pytest.mark.parametrize("page", FLAGS)
def test_a_page_has_every_flag_of_its_tool(page: str) -> None:
    rows = [line for line in (MIGRATING / f"{page}.md").read_text().splitlines() if line.startswith("| `")]
    named = {flag for row in rows for flag in re.findall(r"`--([\w-]+)`", row.split("|")[1])}
    assert named == set(FLAGS[page].split())


def options_of(group: click.Group, before: str = "opselect") -> Iterator[tuple[str, set[str]]]:
    """Each command line without its arguments, and the options that the command has."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from options_of(command, f"{before} {name}")
        else:
            ways = [
                (*each.opts, *each.secondary_opts)
                for each in command.get_params(click.Context(command, help_option_names=["-h", "--help"]))
            ]
            yield f"{before} {name}", {way for each in ways for way in each}


OPTIONS = dict(options_of(cli_group))
PAGES = sorted(page for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


OTHERS = {
    "bazel": "copt define fat_apk_cpu include_param_files override_repository spawn_strategy",
    "build.sh of ONNX Runtime": ("enable_reduced_operator_type_support include_ops_by_config minimal_build skip_tests"),
    "benchmark_model": "graph input_layer input_layer_shape input_layer_type output_layer show_flops",
    "run_graph of tests/builds": "kernels ops",
    "linkers": "allow-multiple-definition gc-sections no-as-needed no-whole-archive whole-archive",
    "strip": "remove-section strip-unneeded",
    "git": "exit-code",
    "twine, unshare": "strict net",
    "gen_all_oplist.py, as older releases have it": "model_file_list_path",
    "flags in general": "flag flags noflag",
    "modules of this repository": (
        "all cases compiler first held-out include keep litert python registry save seed state graphs"
    ),
}
"""What pages name of other programs."""


def commands_of(text: str) -> Iterator[str]:
    """Each command line of opselect in code: in blocks, also after another command, and in spans."""
    text = text.replace("\\\n", " ")
    for block in re.findall(r"^ *```(?:console|sh|bash)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield from re.findall(r"(?:^\$ |^|&& |; |bin/)(opselect [^|;&#]*)", line)
    yield from re.findall(r"`(opselect [^`\n]+)`", text)


@pytest.mark.parametrize("page", [page.relative_to(ROOT) for page in PAGES])
def test_a_page_names_no_option_that_there_is_not(page: Path) -> None:
    """Neither in a command line, where the command decides, nor anywhere else."""
    text = (ROOT / page).read_text()
    for line in commands_of(text):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
        command = next((each for each in OPTIONS if re.match(rf"{each}(?![\w-])", line)), None)
        if command is not None:
            used = set(re.findall(r"(?<=\s)(?:--[a-z][\w-]*|-[a-zA-Z](?=\s|$))", bare))
            assert used <= OPTIONS[command] | {"--help", "-h"}, line
    foreign = {f"--{flag}" for flags in [*FLAGS.values(), *OTHERS.values()] for flag in flags.split()}
    known = {"--help", "--version", "--debug"}.union(foreign, *OPTIONS.values())
    for line in text.splitlines():
        assert set(re.findall(r"(?<![\w-])--[a-zA-Z][\w-]*", line)) <= known, line


@pytest.mark.parametrize("page", [page.relative_to(ROOT) for page in PAGES])
def test_an_example_names_a_command_that_there_is(page: Path) -> None:
    words = {each.split()[1] for each in OPTIONS}
    for block in re.findall(
        r"^ *```(?:console|sh|bash)\n(.*?)^ *```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    ):
        for word in re.findall(r"^(?:\$ )?opselect ([a-z][a-z-]*)", block, re.MULTILINE):
            assert word in words
