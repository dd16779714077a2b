"""Ops that the runtime may insert: a list of rewrites, each with the pattern that asks for it.

Not in the list: what grappler does only where a ConfigProto asks for it (mixed precision, scoped allocators, pinning to
the host), what it does on GPUs alone (layouts, swapping), the ``_Mkl…`` ops that oneDNN's own pass puts in place of
others, and rewrites that only move or remove ops.
"""

from __future__ import annotations

from collections.abc import Iterator

from opselect.requirements.runtime.additions import Addition, Origin
from opselect.requirements.runtime.body_view import BodyView
from opselect.requirements.runtime.inserted import arithmetic, folding, passes, remapper
from opselect.requirements.runtime.inserted.rule import GRAPPLER_BUILDS, Insertion, Rule, grappler_builds
from opselect.requirements.runtime.releases import Release

RULES: tuple[Rule, ...] = (*passes.RULES, *remapper.RULES, *arithmetic.RULES, *folding.RULES)
"""All rewrites, those that fire in every build first."""


def inserted_ops(view: BodyView, release: Release) -> Iterator[Addition]:
    """What the rewrites of a release may put into a body; ops that the release does not define are left out."""
    for rule in RULES:
        if release not in rule.releases:
            continue
        origin = Origin("inserted", rule.why(release))
        for insertion in rule.find(view):
            if view.definitions.op(insertion.op) is not None:
                yield Addition(insertion.op, insertion.attrs, insertion.nodes, origin, view.function)


__all__ = ["GRAPPLER_BUILDS", "RULES", "Insertion", "Rule", "grappler_builds", "inserted_ops"]
