"""What TensorFlow's host tools do not find: kernels for a header, nodes of a graph."""

from __future__ import annotations

from kernel_index.near_names import meant, near_names
from opselect.diagnosis.kernels import missing_kernel
from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, run
from opselect.logs.records import LogFailure


def header_tool(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The tool leaves a node out of the header with a warning: it found no kernel in the pip package that runs it."""
    reason = (
        f"the header has no line for {failure.op or 'the op'}: the tool found no kernel in the TensorFlow that it runs "
        "in, for the node's types and its device, and went on"
    )
    line = _header_again(setting)
    mend = run("Write the header from the sources' own registrations: {command}.", line, applicability="likely")
    found = [about(Finding("OPS118", reason, mends=(mend,)), failure)]
    return [
        *found,
        *(each for each in missing_kernel(failure, setting) if each.code[3] == "1" and each.code != "OPS119"),
    ]


def _header_again(setting: Setting) -> str:
    of = setting.source_options
    return f"opselect generate {setting.shown_model} {of} --target header --out build_lists"


def header_is_message(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The tool prints its error to where the header goes, with exit code 0."""
    file = failure.file or "ops_to_register.h"
    reason = (
        f"{file} holds the message of a tool that read no graph: it prints that where the header goes, and exit code 0"
    )
    line = _header_again(setting)
    mends = (
        run("Write it by {command}, which says what is wrong with the model.", line, applicability="likely"),
        told("likely", "Give the tool a binary GraphDef (--proto_fileformat=rawproto) of its own release.", lead=OR),
    )
    return [about(Finding("OPS124", reason, mends=mends), failure)]


def no_such_node(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A name that no node has: a tensor's in place of a node's, a node that was optimized away, or a misspelling."""
    name = failure.node or failure.op
    plain = name.lstrip("^").partition(":")[0]
    nodes = {node.name for node in setting.nodes()} if setting.nodes is not None else set()
    mends: list[Mend] = []
    reason = f"the graph has no node {name}"
    option = "--outputs" if failure.kind == "tool-output-name" else "--inputs"
    if ":" in _shown_name(failure):
        reason = f"the tool takes names of nodes, and {_shown_name(failure)} is the name of a tensor"
        mends.append(told("likely", f"Leave out what follows the colon: {plain}."))
    if nodes and plain in nodes and not mends:
        reason = f"{setting.model} has a node {plain}: the tool was given another graph"
        mends.append(told("likely", f"Give the tool {setting.model}."))
    elif nodes and plain not in nodes:
        near = near_names(plain, nodes)
        reason = f"{setting.model} has no node {plain}{meant(near)}"
        if near:
            mends = [
                told("certain" if len(near) == 1 else "likely", f"Name {' or '.join(near)} in its place ({option}).")
            ]
    if not mends or not nodes:
        line = f"opselect inspect {setting.shown_model}"
        text = "List what the graph takes and gives, and name one of these: {command}."
        mends.append(run(text, line, applicability="likely", lead=OR if mends else ""))
    return [about(Finding("OPS516", reason, mends=tuple(mends)), failure)]


def _shown_name(failure: LogFailure) -> str:
    """The name as the message has it: with its output number where the tool took it so."""
    plain = failure.node.partition(":")[0]
    text = "".join(failure.text.split())
    at = text.find(plain) if plain else -1
    behind = text[at + len(plain) : at + len(plain) + 2] if at >= 0 else ""
    is_tensor = behind[:1] == ":" and behind[1:].isdigit() and failure.kind == "tool-output-name"
    return f"{plain}{behind}" if is_tensor else failure.node
