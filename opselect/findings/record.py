"""The one record of what is wrong: with a model, a build, or a list."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.datatypes import DataType
from kernel_index.records import AttrValue, Location
from opselect.findings.catalog import code_of
from opselect.findings.mends import Applicability, Mend, advice_text


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, with the evidence for it and what mends it.

    ``code`` is one of :data:`opselect.findings.CATALOG` and never changes its meaning; ``kind`` is a word for it, that
    of the catalog where none is given. ``reason`` says what is wrong in TensorFlow's or the list's own terms, and
    ``topic`` names the thing of a heading where the code covers several ("gradients", "input queues").

    The evidence, empty where a finding has none of it: ``op`` and its ``attrs`` as kernels are looked up by them;
    ``attr`` the one attr that it is about; ``dtypes`` the data types that are at fault; ``device`` as the nodes name
    it; ``nodes`` and ``models`` are examples, ``count`` is of all nodes; ``places`` are lines of sources and build
    files; ``profiles`` those that would do; ``files`` what the build would have to compile; ``list`` and ``entry`` the
    build list and its entry; ``source`` the file of TensorFlow that the rule comes from.

    ``mends`` are what to do, the best first; :mod:`opselect.findings.mends` has their kinds.
    """

    code: str
    reason: str
    kind: str = ""
    topic: str = ""
    op: str = ""
    attrs: tuple[tuple[str, AttrValue], ...] = ()
    attr: str = ""
    dtypes: tuple[DataType, ...] = ()
    device: str = ""
    count: int = 0
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    places: tuple[Location, ...] = ()
    profiles: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    list: str = ""
    entry: str = ""
    source: str = ""
    mends: tuple[Mend, ...] = ()

    def __post_init__(self) -> None:
        known = code_of(self.code)
        if not self.kind:
            object.__setattr__(self, "kind", known.kind)

    @property
    def advice(self) -> str:
        """What to do, all mends as one paragraph."""
        return advice_text(self.mends)

    @property
    def applicability(self) -> Applicability:
        """How far the first mend may be trusted; ``guess`` where there is none."""
        return self.mends[0].applicability if self.mends else "guess"

    @property
    def place(self) -> Location:
        """The first of the places; an empty one where there is none."""
        return self.places[0] if self.places else Location("", 0)

    def explain(self) -> str:
        """The page of the code: cause, example, mend, source. Raises InputError where the package lacks its pages."""
        from opselect.findings.pages import page

        return page(self.code)
