"""What a criterion says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["input", "result", ""]
"""Where ops stand in a graph: ``input`` upstream of the model, ``result`` downstream, working on what it computes."""

Action = Literal["strip", "feed", "freeze", "prepare", "extend", "change"]
"""``strip`` what the outputs do not need, ``feed`` a node in its place, ``freeze`` the model, ``prepare`` it (freezing,
stripping and folding it), ``extend`` the build by files, ``change`` the model or the profile."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Why something is left out of mobile builds by default.

    ``title`` names the ops of it in the plural, ``sentence`` is the reason, ``source`` the file of TensorFlow that says
    so, with the release where it is not in all of them. ``advice`` is what to do, being an ``action``, about an op that
    the model cannot do without; ``{files}`` in it stands for the files that register the op.

    ``ops`` is a regular expression of the names of ops, ``folders`` are those of kernels (from the root of the
    checkout) that all fall under it whatever the op is called, and ``headers`` those of headers that only such kernels
    include. ``code`` is that of the findings about it (:mod:`opselect.findings`). ``is_training`` marks what tells a
    graph that is still being trained from one that is ready. ``is_impossible`` marks that no build for a phone can have
    what these folders and headers say, whatever it compiles; an op of that name whose kernel is elsewhere can be built.
    """

    key: str
    code: str
    title: str
    sentence: str
    source: str
    advice: str
    ops: str = ""
    folders: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    stage: Stage = ""
    action: Action = "extend"
    is_training: bool = False
    is_impossible: bool = False
