"""What can be found wrong with build lists, by the words that ``check --ignore`` takes."""

from __future__ import annotations

from opselect.findings.catalog import CATALOG

_PASSED_ON = {
    "no-kernel": "A model needs a kernel that the release does not have in the profile.",
    "refused": "A model holds something that the release refuses to load.",
}
"""Kinds for what is found of the models, whose codes say more."""

KINDS = {each.kind: each.title for each in CATALOG.values() if each.family == "4"} | _PASSED_ON
"""Every kind of finding with what it says of a list."""
