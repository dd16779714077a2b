"""Runs whole graphs, so that tests can compare what a graph computes before and after a change."""

from tests.interpreter.run import run

__all__ = ["run"]
