"""Would a TensorFlow release load this graph? Facts of graphs, and what releases say to them."""

from opselect.requirements.loading.collect import collect_loads
from opselect.requirements.loading.taking_off import TakenOff, take_off
from opselect.requirements.loading.uses import AttrUse, GraphUse, Loads, LoadsMerger, Use
from opselect.requirements.loading.verdict import Verdict, judge

__all__ = [
    "AttrUse",
    "GraphUse",
    "Loads",
    "LoadsMerger",
    "TakenOff",
    "Use",
    "Verdict",
    "collect_loads",
    "judge",
    "take_off",
]
