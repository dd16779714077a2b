"""Which of the shipped releases know an attr or take a graph, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from kernel_index.records import AttrDefinition, OpDefinition
from opselect.models.graph import NodeAttr
from opselect.requirements.loading.values import default_of, is_same


def releases_where(holds: Callable[[KernelIndex], bool]) -> tuple[str, ...]:
    """The shipped releases of which something holds, oldest first."""
    return tuple(release for release in shipped.releases() if holds(shipped.index_of(release)))


def releases_defining(op: str, holds: Callable[[OpDefinition, str], bool]) -> tuple[str, ...]:
    """The shipped releases of whose definition of an op something holds, oldest first."""
    return tuple(release for release, definition in shipped.definitions_of(op) if holds(definition, release))


def releases_with_attr(op: str, attr: str) -> tuple[str, ...]:
    """The shipped releases whose op has an attr, oldest first."""
    return releases_defining(op, lambda definition, _: definition.attr(attr) is not None)


def attr_elsewhere(op: str, attr: str, release: str) -> AttrDefinition | None:
    """The attr as the release defines it that brought it in after ``release``, else as the last one before had it."""
    known = releases_with_attr(op, attr)
    later = [each for each in known if release_number(each) > release_number(release)]
    nearest = later[0] if later else known[-1] if known else None
    return dict(shipped.definitions_of(op))[nearest].attr(attr) if nearest is not None else None


def is_default_elsewhere(op: str, attr: str, value: NodeAttr | None, release: str) -> bool:
    """Whether a value is the default of an attr that ``release`` does not know, by :func:`attr_elsewhere`."""
    known = attr_elsewhere(op, attr, release)
    default = default_of(known) if known is not None else None
    return value is not None and default is not None and is_same(value, default)


def elsewhere(having: tuple[str, ...], release: str, verb: str) -> str:
    """Which releases there are in place of one that lacks something: ``TensorFlow 1.13 and later have it``.

    ``having`` are shipped releases, oldest first; ``verb`` is what they do, as of several. Empty where there are none.
    The first after ``release`` counts, with those that follow it without a gap, else the last ones before.
    """
    everyone = [each for each in shipped.releases() if release_number(each) != release_number(release)]
    there = set(having)
    later = [each for each in everyone if release_number(each) > release_number(release)]
    earlier = [each for each in everyone if release_number(each) < release_number(release)]
    run = _run(later, there)
    if run:
        return _named(run[0], run[-1], verb, open_ended=run[-1] == everyone[-1])
    run = _run(earlier[::-1], there)
    return _named(run[-1], run[0], verb, open_ended=False) if run else ""


def _run(releases: list[str], there: set[str]) -> list[str]:
    """The first releases in a row that are there."""
    found: list[str] = []
    for release in releases:
        if release in there:
            found.append(release)
        elif found:
            break
    return found


def _named(first: str, last: str, verb: str, *, open_ended: bool) -> str:
    one, other = shipped.minor_of(first), shipped.minor_of(last)
    span = f"{one} and later" if open_ended else one if one == other else f"{one} to {other}"
    one_has_it = not open_ended and one == other
    return f"TensorFlow {span} {verb.replace(' ', 's ', 1) if one_has_it else verb}"
