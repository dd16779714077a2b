"""Ops that the runtime may insert: a list of rewrites, each with the pattern that asks for it.

Not in the list: what grappler does only where a ConfigProto asks for it (mixed precision, scoped allocators, pinning to
the host), what it does on GPUs alone (layouts, swapping), the ``_Mkl…`` ops that oneDNN's own pass puts in place of
others, and rewrites that only move or remove ops.
"""

from __future__ import annotations

from collections.abc import Iterator

from opselect.requirements.runtime.additions import Addition, Origin
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.inserted import arithmetic, folding, moving, passes, remapper
from opselect.requirements.runtime.inserted.forms import FormView, attrs_key
from opselect.requirements.runtime.inserted.rule import GRAPPLER_BUILDS, Insertion, Rule, grappler_builds
from opselect.requirements.runtime.releases import Release

RULES: tuple[Rule, ...] = (*passes.RULES, *remapper.RULES, *arithmetic.RULES, *moving.RULES, *folding.RULES)
"""All rewrites, those that fire in every build first."""

MOST_ROUNDS = 5
"""Maximum number of rewrites in a row that are followed."""

_LATER = "once others have been applied: "


def inserted_ops(view: BodyView, release: Release) -> Iterator[Addition]:
    """What the rewrites of a release may put into a body; ops that the release does not define are left out.

    What rewrites put in is matched again, until nothing new is found, as grappler does (``meta_optimizer.cc`` runs all
    optimizers twice, and each of them goes over its own results until they stay). That comes to an end because there
    are but so many places, forms of each (:mod:`opselect.requirements.runtime.inserted.forms`) and rounds. A round
    takes time linear in the size of the body.
    """
    rules = [rule for rule in RULES if release in rule.releases]
    forms = FormView(view)
    listed: set[object] = set()
    for later in range(MOST_ROUNDS):
        for number, rule in enumerate(rules):
            origin = Origin("inserted", _LATER * bool(later) + rule.why(release))
            for insertion in rule.find(forms):
                if (form := insertion.form) is not None:
                    forms.offer(form)
                if not insertion.listed:
                    continue
                cause = forms.cause(insertion.nodes[0]).name
                key = (number, insertion.op, attrs_key(insertion.attrs), cause)
                if key not in listed and view.definitions.op(insertion.op) is not None:
                    listed.add(key)
                    nodes = tuple(dict.fromkeys(map(forms.cause, insertion.nodes)))
                    yield Addition(insertion.op, insertion.attrs, nodes, origin, view.function)
        if later + 1 == MOST_ROUNDS or not forms.take():
            return


__all__ = ["GRAPPLER_BUILDS", "RULES", "Insertion", "Rule", "grappler_builds", "inserted_ops"]
