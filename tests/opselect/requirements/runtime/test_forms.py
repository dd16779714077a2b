"""How many forms the nodes of a large body get."""

from __future__ import annotations

import pytest

from opselect.models.graph import expand_functions
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.inserted import forms
from opselect.requirements.runtime.inserted.forms import FormView
from tests.opselect.graph_text import graph_of, node
from tests.opselect.requirements.runtime.additions import T_FLOAT, shipped


def view_of(text: str) -> FormView:
    graph = graph_of(text)
    (body,) = expand_functions(graph, graph.nodes, "g").bodies
    return FormView(BodyView(body, OpDefinitions(shipped("2.14"), graph.functions)))


@pytest.mark.parametrize(("in_all", "expected"), [(0, "Neg Exp Sin"), (2, "Neg Exp Sin"), (8, "Neg Exp Sin Cos")])
def test_a_node_gets_so_many_forms_that_all_together_stay_bounded(
    in_all: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_OF_A_NODE", 2)
    monkeypatch.setattr(forms, "MOST_IN_ALL", in_all)
    view = view_of(node("x", "Placeholder", attrs="dtype: type: DT_FLOAT") + node("n", "Neg", "x", attrs=T_FLOAT))
    (root,) = view.named("Neg")
    for op in ("Exp", "Sin", "Cos"):
        view.offer(root, op, ("x",), root.attrs)
    assert view.take()
    assert " ".join(form.op for form in view.forms("n")) == expected
    assert bool([*view.named("Neg")]) is (in_all == 8)
