"""What there is to name so that a cause is checked and not guessed, in one line."""

from __future__ import annotations

from opselect.diagnosis.checking import KERNEL_KINDS, LOAD_KINDS
from opselect.diagnosis.setting import Setting
from opselect.logs.records import LogFailure


def needs_to_be_sure(failure: LogFailure, setting: Setting, *, has_model: bool, has_build: bool) -> str:
    """``To be sure: --tensorflow 1.13 …``; empty where nothing that can be named would make it surer."""
    if failure.kind in ("tool-output-name", "tool-input-name"):
        return "" if has_model else "To be sure: --model MODEL, the graph that the tool was given."
    if failure.kind in LOAD_KINDS:
        options = _release(setting) + ([] if has_model else ["--model MODEL"])
        return f"To be sure: {' '.join(options)}." if options else ""
    if failure.kind not in (*KERNEL_KINDS, "header-tool"):
        return ""
    options = _release(setting)
    if not has_build:
        options.append("--binary LIBRARY (or --lists LISTS, --tree CHECKOUT, --header ops_to_register.h)")
    if not has_model:
        options.append("--model MODEL, which also tells what fails next")
    return f"To be sure: {' '.join(options)}." if options else ""


def _release(setting: Setting) -> list[str]:
    return ["--tensorflow VERSION"] if setting.inferred else []
