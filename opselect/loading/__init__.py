"""Would a TensorFlow release load this graph? Facts of graphs, and what releases say to them."""

from opselect.loading.collect import collect_loads
from opselect.loading.taking_off import TakenOff, take_off
from opselect.loading.uses import AttrUse, GraphUse, Loads, LoadsMerger, Use
from opselect.loading.verdict import KINDS, Refusal, Verdict, judge

__all__ = [
    "KINDS",
    "AttrUse",
    "GraphUse",
    "Loads",
    "LoadsMerger",
    "Refusal",
    "TakenOff",
    "Use",
    "Verdict",
    "collect_loads",
    "judge",
    "take_off",
]
