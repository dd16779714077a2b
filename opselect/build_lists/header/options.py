"""What may be chosen about a header."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from opselect.build_lists.header.default_ops import parse_default_ops
from opselect.requirements.collect import Way
from opselect.requirements.header_tool import ALL_OPS, DEFAULT_OPS, ToolRelease


@dataclass(frozen=True, slots=True)
class HeaderOptions:
    """What goes into a header besides the selection, and in whose words.

    ``default_ops`` are pairs ``Op:Class`` as on the command line of TensorFlow's tool, ``all`` for everything, None for
    what is usual. With ``compat`` the text is what the tool of that release prints.
    """

    default_ops: str | None = None
    compat: str = ""

    def for_ways(self, runs: Collection[Way]) -> HeaderOptions:
        """The options for models that TensorFlow runs so: the Flex rules of TensorFlow Lite ask for no default ops.

        Source: ``generate_flex_kernel_header`` of ``lite/delegates/flex/build_def.bzl``.
        """
        usual = self.default_ops is not None or not runs or "graphs" in runs
        return self if usual else replace(self, default_ops="")

    @property
    def tool(self) -> ToolRelease | None:
        """The tool whose words are meant; None for the newest form with comments. Raises OpselectError."""
        return ToolRelease.parse(self.compat) if self.compat else None

    @property
    def everything(self) -> bool:
        return self.default_ops == ALL_OPS

    @property
    def _default_ops(self) -> str:
        return DEFAULT_OPS if self.default_ops is None else self.default_ops

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of ``default_ops``. Raises OpselectError for what is no pair."""
        return () if self.everything else parse_default_ops(self._default_ops)
