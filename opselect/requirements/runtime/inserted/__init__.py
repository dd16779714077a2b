"""Ops that the runtime may insert: a list of rewrites, each with the pattern that asks for it.

Not in the list: what grappler does only where a ConfigProto asks for it (mixed precision, scoped allocators, pinning to
the host), what it does on GPUs alone (layouts, swapping), the ``_Mkl…`` ops that oneDNN's own pass puts in place of
others, and rewrites that only move or remove ops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_index.rare_collections import rare_collections
from opselect.models.graph import NodeAttr
from opselect.requirements.runtime.additions import Addition, Origin
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.inserted import arithmetic, folding, moving, passes, remapper
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.inserted.rule import GRAPPLER_BUILDS, Insertion, Rule, grappler_builds
from opselect.requirements.runtime.releases import Release

RULES: tuple[Rule, ...] = (*passes.RULES, *remapper.RULES, *arithmetic.RULES, *moving.RULES, *folding.RULES)
"""All rewrites, those that fire in every build first."""

MOST_ROUNDS = 5
"""Maximum number of rewrites in a row that are followed."""

_LATER = "once others have been applied: "


@rare_collections()
def inserted_ops(view: BodyView, release: Release) -> Sequence[Addition]:
    """What the rewrites of a release may put into a body; ops that the release does not define are left out.

    What rewrites put in is matched again, until nothing new is found, as grappler does (``meta_optimizer.cc`` runs all
    optimizers twice, and each of them goes over its own results until they stay). That comes to an end because there
    are but so many places, forms of each (:mod:`opselect.requirements.runtime.inserted.forms`) and rounds. A round
    takes time linear in the size of the body.
    """
    rules = [rule for rule in RULES if release in rule.releases]
    forms = FormView(view)
    listed: dict[tuple[int, str, str], list[Mapping[str, NodeAttr]]] = {}
    found = []
    for later in range(MOST_ROUNDS):
        for number, rule in enumerate(rules):
            origin = Origin("inserted", _LATER * bool(later) + rule.why(release))
            for insertion in rule.find(forms):
                op, attrs, root = insertion.op, insertion.attrs, insertion.nodes[0]
                if insertion.inputs is not None:
                    forms.offer(root, op, insertion.inputs, attrs, insertion.place, insertion.filling)
                if insertion.listed:
                    before = listed.setdefault((number, op, forms.cause(root).name), [])
                    if attrs not in before and view.definitions.op(op) is not None:
                        before.append(attrs)
                        found.append(Addition(op, attrs, forms.causes(insertion.nodes), origin, view.function))
        if later + 1 == MOST_ROUNDS or not forms.take():
            break
    return found


__all__ = ["GRAPPLER_BUILDS", "RULES", "Insertion", "Rule", "grappler_builds", "inserted_ops"]
