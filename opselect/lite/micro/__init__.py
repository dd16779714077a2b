"""TensorFlow Lite for Microcontrollers: which function registers an operator, and which of them in int8 alone."""

from opselect.lite.micro.table import MicroFunction, MicroTable, micro_table
from opselect.lite.micro.uses import Lacking, MicroUse, MicroUses, micro_uses

__all__ = ["Lacking", "MicroFunction", "MicroTable", "MicroUse", "MicroUses", "micro_table", "micro_uses"]
