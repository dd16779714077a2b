"""Ops that are looked at together, each family once.

Sources: the classes of nodes in ``graph/graph.cc`` for control flow of 1.x, ``grappler/op_types.cc`` for placeholders,
variables and assignments, ``common_runtime/function_utils.cc`` and ``ops/functional_ops.cc`` for calls.
"""

from __future__ import annotations

SWITCHES = frozenset({"Switch", "RefSwitch", "_SwitchN"})
"""Ops of which only some outputs arrive."""
MERGES = frozenset({"Merge", "RefMerge"})
"""Ops that run as soon as one of their data inputs has arrived."""
ENTERS = frozenset({"Enter", "RefEnter"})
EXITS = frozenset({"Exit", "RefExit"})
NEXT_ITERATIONS = frozenset({"NextIteration", "RefNextIteration"})
"""Ops that bring a value back to the Merge at the head of a loop: the only edge that may close a cycle."""
CONTROL_FLOW = SWITCHES | MERGES | ENTERS | EXITS | NEXT_ITERATIONS | {"LoopCond"}
"""What conditionals and loops of 1.x are made of."""

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})
"""Ops without a value until a program feeds them."""
PLACEHOLDER_WITH_DEFAULT = "PlaceholderWithDefault"
FED = PLACEHOLDERS | {PLACEHOLDER_WITH_DEFAULT}
"""Ops that are there to be fed, with a value of their own or without."""

REFERENCE_VARIABLES = frozenset({"Variable", "VariableV2"})
"""Variables that live in the graph and are passed on as references."""
RESOURCE_VARIABLE = "VarHandleOp"
VARIABLES = REFERENCE_VARIABLES | {RESOURCE_VARIABLE}
ASSIGNMENTS = frozenset({"Assign", "AssignVariableOp"})
"""Ops that set a variable, their first input, to their second."""

PARTITIONED_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""Ops that do nothing but call the function in their attr ``f``."""

NEVER_FETCHED = frozenset({"Const", "Assign", "NoOp", "Placeholder"})
"""Ops that no program fetches, as ``tools/graph_transforms/summarize_graph_main.cc`` has it."""
