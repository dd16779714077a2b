"""docs/freeze.md: every difference from TensorFlow's tools has its test."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[4] / "docs" / "freeze.md").read_text()
SECTION = PAGE.partition("## Where freeze_graph does otherwise\n")[2].partition("\n## ")[0]

VARIABLES, FUNCTIONS, MODELS = (
    f"tests.opselect.rewriting.freezing.test_{name}" for name in ("variables", "functions", "models")
)
SOURCES, COMMANDS = "tests.opselect.rewriting.freezing.test_sources", "tests.cli.test_freeze"
TESTS = {
    "resource variables in a GraphDef without a saver": (COMMANDS, "the_command_of_the_documentation"),
    "partitioned variables in a GraphDef without a saver": (SOURCES, "partitioned_variables"),
    "a variable that stays, by white- or blacklist": (VARIABLES, "variables_that_are_to_stay_are_read_as_before"),
    "a node that assigns to a frozen variable": (VARIABLES, "what_no_constant_can_do_is_refused_with_the_node"),
    "an initializer that computes what it assigns": (VARIABLES, "initializers_that_compute_are_refused"),
    "`Ref…` control flow, `IsVariableInitialized`, `VariableShape` on a frozen variable": (
        VARIABLES,
        "references_through_control_flow_become_values",
    ),
    "`ResourceGather` with `batch_dims`": (VARIABLES, "batch_dimensions_of_a_gather_are_kept"),
    "the order that control inputs of `ReadVariableOp` ask for": (
        VARIABLES,
        "a_resource_becomes_a_constant_and_its_readers_pass_it_on",
    ),
    "versions of the graph": (VARIABLES, "versions_stay"),
    "functions that nothing calls": (FUNCTIONS, "functions_that_need_no_change_stay_as_they_are_and_unused_ones_go"),
    "`_output_shapes` of nodes from a `.meta` file": (VARIABLES, "shapes_that_a_meta_graph_notes_stay"),
    "attrs of a SavedModel that were left out for having their default": (
        MODELS,
        "defaults_are_those_of_the_release_that_wrote_the_file",
    ),
    "a graph without variables": (VARIABLES, "a_graph_without_variables_needs_no_checkpoint"),
    "a name in a list that is no variable": (VARIABLES, "a_list_that_names_no_variable_is_a_note"),
    "`--input_checkpoint`, `--initializer_nodes` with a SavedModel": (MODELS, "a_saved_model_may_have_other_values"),
    "a switch that is said to be `yes`, `on` or what is no word for it": (
        COMMANDS,
        "flags_are_taken_as_tensorflow_takes_them",
    ),
    "a flag that it does not know": (COMMANDS, "what_cannot_be_done_is_one_error_and_no_file"),
    "a table that the function has captured": (MODELS, "tables_stay_and_what_fills_them_is_named"),
    "a variable that the function assigns to": (MODELS, "a_variable_of_a_signature_that_changes_it_may_stay"),
    "a variable that a dataset op's function has captured": (
        FUNCTIONS,
        "functions_of_datasets_take_what_they_captured",
    ),
    "`ResourceGather` in a function that stays": (
        FUNCTIONS,
        "a_gather_in_a_function_has_an_axis_that_the_function_can_name",
    ),
    "`_class` in functions": (MODELS, "colocations_in_a_function_name_nodes_that_are_none_of_the_graph"),
}


def test_every_difference_has_a_test() -> None:
    rows = re.findall(r"^\| (.+?) \| .* \| .* \|$", SECTION, re.MULTILINE)
    assert [row for row in rows if row not in ("case", "---")] == list(TESTS)


@pytest.mark.parametrize("case", TESTS)
def test_the_test_of_a_difference_is_there(case: str) -> None:
    module, name = TESTS[case]
    assert callable(getattr(import_module(module), f"test_{name}"))
