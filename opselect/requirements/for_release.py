"""Requirements that were collected for one release, and kept, as another release needs them."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from opselect.requirements.collect import UNKNOWN_RELEASE, Requirements
from opselect.requirements.kernel_attrs import KernelAttrs
from opselect.requirements.runtime import may_differ

_MAX_NAMED = 3


def for_index(needed: Requirements, index: KernelIndex, path: str) -> Requirements:
    """Requirements out of the file at ``path`` as those that the models of it have of the release of ``index``.

    What a node says of types itself is kept whatever the release, so the defaults that this one has besides are filled
    in. Other attrs never are: one that is missing may be one that was not kept. Of a release with another number,
    what its optimizers may insert is not known and left out, with a warning; models run without it. Raises InputError
    where its runtime may always make other ops of some, which cannot be known without the models.
    """
    here = release_number(index.release)
    numbers = {release_number(release) if release else None for release in needed.releases} or {None}
    if numbers != {here}:
        needed = _without_runtime(needed, index.release, [*numbers, here], path)
    kernel_attrs = KernelAttrs(index)
    items = (replace(item, attrs=kernel_attrs.with_types(item.op, item.attrs)) for item in needed.items)
    parts = [Requirements((item,)) for item in items]
    rest = Requirements((), needed.warnings, (index.release,), needed.loads, needed.runs)
    return Requirements.merge([*parts, rest])


def _without_runtime(
    needed: Requirements, release: str, numbers: list[tuple[int, int] | None], path: str
) -> Requirements:
    needed_here = needed.without_inserted()
    changed = {item.op for item in needed_here.items if may_differ(item.op, dict(item.attrs), numbers)}
    changed = changed or {item.op for item in needed_here.items if item.origin is not None}
    collected = " and ".join(each or "a release that is not known" for each in needed.releases or (UNKNOWN_RELEASE,))
    if changed:
        named = ", ".join(sorted(changed)[:_MAX_NAMED]) + (", …" if len(changed) > _MAX_NAMED else "")
        raise InputError(
            path,
            f"was collected for {collected}, and what the runtime of {release} makes of {named} may be something else",
            f"Collect the requirements of these models for TensorFlow {release}.",
        )
    warning = f"{path} was collected for {collected}: ops that optimizers of {release} may insert are not in it."
    return replace(needed_here, warnings=(*needed_here.warnings, warning))
