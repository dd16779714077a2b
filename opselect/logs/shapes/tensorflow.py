"""What TensorFlow's own runtime prints where it lacks a kernel or an op, and where a model is not of its release."""

from __future__ import annotations

import re

from kernel_index.datatypes import DataType
from opselect.logs.message import LogMessage
from opselect.logs.records import KernelRow
from opselect.logs.shapes.names import whole_number
from opselect.logs.shapes.node_text import (
    OPENS_ATTRS,
    attrs_at,
    bracketed_node,
    device_of,
    node_behind,
    printed_attrs,
    rows_in,
    types_of,
    user_of,
)
from opselect.logs.shapes.shape import MessageShape, Told

_OP_KERNEL = "tensorflow/core/framework/op_kernel.cc"
_PLACER = "tensorflow/core/common_runtime/placer.cc"
_NODE_DEF = "tensorflow/core/framework/node_def_util.cc"
_OP_DEF = "tensorflow/core/framework/op_def_util.cc"

_ROWS_LINES = 400
"""Maximum number of lines of a message that lists kernels: a row is a line, and some ops have hundreds."""

_NODE_ENDS = r"\[\[(?:\{\{node[^}]*\}\}|[A-Za-z.][^\[\]{}=]*)\]\]|\]\([^()]*\)\]\]"
"""The node in brackets that most messages end with."""

_WITH_ATTRS = re.compile(r"withtheseattrs:?\[")
_DEVICES = re.compile(r"Registereddevices:\[([^\]]*)\]")
_ROWS_BEGIN = re.compile(r"Registered(?:kernels)?:|Allkernelsregisteredforop\w+:")
_HAS_OTHERS = re.compile(r"OpKernelwasfound,butattributesdidn'tmatch")
_REQUESTED = re.compile(r"RequestedAttributes:")
_GAP = 3000
"""How far behind the beginning of a message its devices and its kernels may begin, in characters."""


def _unplaced(match: re.Match[str], message: LogMessage) -> Told:
    """``No OpKernel was registered to support Op 'X' …``: of the placer, in the forms of all releases."""
    text = message.text
    op = match["op"]
    node, end = user_of(message, match.end())
    attrs: dict[str, str] = {}
    with_attrs = _WITH_ATTRS.search(text, end, end + _GAP)
    if with_attrs is not None:
        attrs = attrs_at(text, with_attrs.end())
    return _about_kernel(op, node, attrs, "", message, match.end())


def _uncreated(match: re.Match[str], message: LogMessage) -> Told:
    """``No registered 'X' OpKernel for CPU devices compatible with node …``: of the executor."""
    text = message.text
    op = match["op"]
    node = node_behind(message, match.end())
    attrs: dict[str, str] = {}
    whole = re.compile(rf"[^\s=]+={re.escape(op)}{OPENS_ATTRS}").match(text, match.end())
    if whole is not None:
        attrs = attrs_at(text, whole.end())
    requested = _REQUESTED.search(text, match.end(), match.end() + _GAP)
    if requested is not None:
        # Behind the last one stands the sentence that goes on, not a bracket.
        stop = _ROWS_BEGIN.search(text, requested.end())
        listed = text[requested.end() : stop.start() if stop is not None else len(text)]
        attrs |= attrs_at(f"{listed.rstrip('.')}]", 0)
    return _about_kernel(op, node, attrs, match["device"], message, match.end())


def _unplaced_eager(match: re.Match[str], message: LogMessage) -> Told:
    """``Could not find device for node: {{node X}} = X[…]``: of an op that is run without a graph."""
    text = message.text
    node = node_behind(message, match.end())
    definition = re.compile(r"[^\s=]{1,400}?=(\w+)\[").match(text, match.end())
    listed = re.compile(r"Allkernelsregisteredforop(\w+):").search(text, match.end(), match.end() + _GAP)
    op = definition[1] if definition is not None else listed[1] if listed is not None else ""
    attrs = attrs_at(text, definition.end()) if definition is not None else {}
    return _about_kernel(op, node, attrs, "", message, match.end())


def _about_kernel(
    op: str, node: str, attrs: dict[str, str], device: str, message: LogMessage, start: int
) -> dict[str, object]:
    text = message.text
    devices = _DEVICES.search(text, start, start + _GAP)
    begin = _ROWS_BEGIN.search(text, devices.end() if devices else start, start + _GAP)
    bracket, end = bracketed_node(message, start)
    rows = None
    if begin is not None:
        stop = text.find("[[", begin.end())
        rows = rows_in(text[begin.end() : stop if stop >= 0 else len(text)])
    of_op = re.compile(rf"(?:\}}\}})?={re.escape(op)}{OPENS_ATTRS}").match(text, end)
    if of_op is not None:
        attrs = {**attrs_at(text, of_op.end()), **attrs}
    node = node or bracket
    dtypes = types_of(attrs)
    has_others = _HAS_OTHERS.search(text, start, start + _GAP) is not None
    named = tuple(filter(None, devices[1].split(","))) if devices else ()
    asked = device or device_of(attrs)
    return {
        "op": op,
        "node": node,
        "dtypes": dtypes,
        "attrs": printed_attrs(attrs),
        "device": asked,
        "devices": named,
        "rows": rows,
        "kind": _kind(op, node, dict(dtypes), asked, named, rows, attrs.get("_kernel", "").strip('"'), has_others),
    }


def _kind(
    op: str,
    node: str,
    dtypes: dict[str, str],
    device: str,
    devices: tuple[str, ...],
    rows: tuple[KernelRow, ...] | None,
    label: str,
    has_others: bool,
) -> str:
    if op.startswith("_") or node in ("_SOURCE", "_SINK"):
        return "runtime-op"
    is_absent = bool(device and devices and device not in devices)
    if not rows:
        if rows is None and (label or has_others):
            return "kernel-label" if label else "kernel-type"
        return "kernel-device" if is_absent else "no-kernel"
    here = {device} if device else set(devices or ("CPU",))
    mine = [row for row in rows if row.device in here or row.device == "DEFAULT"]
    if not mine or is_absent:
        return "kernel-device"
    fitting = [row for row in mine if all(dtypes.get(attr, "") in types for attr, types in row.allowed)]
    return "kernel-label" if fitting and all(row.label != label for row in fitting) else "kernel-type"


def _not_registered(match: re.Match[str], message: LogMessage) -> Told:
    building = re.compile(r"whilebuildingNodeDef'([^']+)'").search(message.text, match.end())
    return {"node": building[1] if building else ""}


def _of_unknown_op(match: re.Match[str], message: LogMessage) -> Told:
    return {"op": message.word(match.start("op"), match.end("op"))}


def _removed(match: re.Match[str], _: LogMessage) -> Told:
    """The versions, as far as the log is not cut in or in front of them."""
    return {name: whole_number(match, name) for name in ("graph_version", "removed_in")}


_DEFINITION_END = re.compile(r">(?:;NodeDef|Thismaybeexpected)")


def _of_definition(match: re.Match[str], message: LogMessage) -> Told:
    """What stands behind ``Op<name=X; signature=…>; NodeDef: …``."""
    text = message.text
    begin = match.start("_signature")
    end = _DEFINITION_END.search(text, begin)
    signature = message.sentence(begin, end.start() + 1) if end is not None else ""
    named = re.compile(r"NodeDef:").search(text, match.end())
    node, dtypes = "", {}
    if named is not None:
        node = node_behind(message, named.end())
        definition = re.compile(rf"[^\s=]+={re.escape(match['op'])}{OPENS_ATTRS}").match(text, named.end())
        dtypes = attrs_at(text, definition.end()) if definition is not None else {}
    if not node:
        node = bracketed_node(message, match.end())[0]
    attr = match.groupdict().get("_attribute") or match["attr"]
    return {
        "signature": signature,
        "node": node,
        "dtypes": types_of(dtypes),
        "attrs": printed_attrs(dtypes),
        "attr": attr,
    }


_BY_LOWER = {each.name.removeprefix("DT_").lower(): each.name for each in DataType}


def _value_of_attr(match: re.Match[str], message: LogMessage) -> Told:
    text = message.text
    op = re.compile(r"Op<name=(\w+);").search(text, match.end())
    if op is None:
        return {}
    named = re.compile(r"NodeDef:").search(text, match.end())
    node = node_behind(message, named.end()) if named is not None else ""
    value = match["_value"].strip('"')
    known = value if value.startswith("DT_") else _BY_LOWER.get(value, "")
    return {"op": op[1], "node": node, "dtypes": ((match["attr"], known),) if known else ()}


def _unassigned(match: re.Match[str], message: LogMessage) -> Told | None:
    """Nodes that no device takes; None where another reason than the device is given."""
    text = message.text
    if not re.compile(r"explicitlyassigned|explicitdevicespecification|devicespecification").search(text, 0, _GAP):
        return None
    node = message.text[match.start("node") : match.end("node")].strip("'")
    braced = re.fullmatch(r"\{\{node(.+)\}\}", node)
    pinned = re.compile(r"(?:assignedto|specification)'?(?:/\w+:[\w*]+)*?/(?:device:)?([A-Za-z_]+):[\d*]+").search(text)
    named, end = bracketed_node(message)
    definition = re.compile(r"(?:\}\})?=(\w+)\[").match(text, end)
    attrs = attrs_at(text, definition.end()) if definition is not None else {}
    return {
        "node": braced[1] if braced else node or named,
        "device": pinned[1].upper() if pinned else device_of(attrs),
        "op": definition[1] if definition is not None else "",
        "dtypes": types_of(attrs),
        "attrs": printed_attrs(attrs),
    }


def _twice(match: re.Match[str], message: LogMessage) -> Told:
    node = re.fullmatch(r"\{\{node(.+)\}\}", match["node"])
    op = re.compile(r"""op:\\?"(\w+)""").search(message.text, match.end())
    named = re.match(r"([^=]+)=(\w+)\[", match["node"])
    device = re.compile(r"""device_type:\\?"(\w+)\\?\"""").search(message.text, match.end())
    return {
        "device": device[1] if device else "",
        "node": node[1] if node else named[1] if named else match["node"],
        "op": op[1] if op else named[2] if named else "",
    }


SHAPES = (
    MessageShape(
        "no-kernel",
        "tensorflow",
        r"Couldnotfind(?:valid)?devicefornode[.:](?:Node:)?",
        ("Could not find dev", "ice for node", "Could not find val", "id device for", "registered for op"),
        "tensorflow/core/common_runtime/eager/execute.cc",
        _unplaced_eager,
        lines=_ROWS_LINES,
        ends=r"\[Op:\w+\]",
    ),
    MessageShape(
        "no-kernel",
        "tensorflow",
        r"NoOpKernelwasregisteredtosupportOp'(?P<op>\w+)'",
        ("OpKernel", "registered to support"),
        _PLACER,
        _unplaced,
        lines=_ROWS_LINES,
        ends=_NODE_ENDS,
    ),
    MessageShape(
        "no-kernel",
        "tensorflow",
        r"Noregistered'(?P<op>\w+)'OpKernelfor'?(?P<device>\w+)'?devicescompatiblewithnode",
        ("OpKernel", "compatible with node"),
        _OP_KERNEL,
        _uncreated,
        lines=_ROWS_LINES,
        ends=_NODE_ENDS,
    ),
    MessageShape(
        "op-not-registered",
        "tensorflow",
        r"Optypenotregistered'(?P<op>[\w.>/:-]{1,400})'",
        ("Op typ", "e not regist", "in binary running"),
        "tensorflow/core/framework/op.cc",
        _not_registered,
        lines=4,
    ),
    MessageShape(
        "kernel-without-op",
        "tensorflow",
        r"OpKernel\('op:\\?\"(?P<op>\w{1,100})\\?\"device_type:\\?\"(?P<device>\w+)\\?\"(?:(?!OpKernel\().){0,2000}?'\)"
        r"forunknownop:",
        ("OpKernel", "unknown op"),
        _OP_KERNEL,
        lines=2,
    ),
    MessageShape(
        "kernel-without-op",
        "tensorflow",
        r"'?\)forunknownop:(?P<op>\w+)",
        ("unknown op", "OpKernel"),
        _OP_KERNEL,
        _of_unknown_op,
        lines=1,
    ),
    MessageShape(
        "attr-unknown",
        "tensorflow",
        r"NodeDefmentionsattr(?:'(?P<attr>[^']{1,200})'notin|ibute(?P<_attribute>[\w.]{1,200}?)whichisnotintheopdefinition:)"
        r"(?P<_signature>Op<name=)(?P<op>\w+)",
        ("NodeDef ment", "ions attr"),
        _NODE_DEF,
        _of_definition,
        lines=30,
        ends=r"GraphDef-generatingbinary|NodeDef:\{\{node[^}]*\}\}",
    ),
    MessageShape(
        "attr-missing",
        "tensorflow",
        r"NodeDefmissingattrs?'(?P<attr>[^']{1,200})'[^<]{0,200}?from(?P<_signature>Op<name=)(?P<op>\w+)",
        ("NodeDef miss", "ing attr"),
        _NODE_DEF,
        _of_definition,
        lines=30,
        ends=r"GraphDef-generatingbinary|NodeDef:\{\{node[^}]*\}\}",
    ),
    MessageShape(
        "attr-value",
        "tensorflow",
        r"Valueforattr'(?P<attr>\w{1,200})'of(?P<_value>[\w\"]{1,200}?)isnotinthelistofallowedvalues:",
        ("Value for attr", "list of allowed"),
        _OP_DEF,
        _value_of_attr,
        lines=20,
        ends=r"Op<name=\w+;",
    ),
    MessageShape(
        "op-removed",
        "tensorflow",
        r"Op(?P<op>[A-Z_]\w{0,200}?)isnotavailableinGraphDefversion(?P<graph_version>\d+)"
        r"(?:\.Ithasbeenremovedinversion(?P<removed_in>\d+))?",
        ("not available in G", "raphDef ver"),
        _OP_DEF,
        _removed,
        lines=3,
    ),
    MessageShape(
        "op-deprecated",
        "tensorflow",
        r"Op(?P<op>[A-Z_]\w{0,200}?)isdeprecated\.ItwillceasetoworkinGraphDefversion(?P<removed_in>\d+)",
        ("deprecated. It will c", "ease to work in"),
        _OP_DEF,
        lines=3,
    ),
    MessageShape(
        "graph-version",
        "tensorflow",
        r"GraphDef(?:minconsumerversion|producerversion|disallowsconsumerversion)(?P<graph_version>\d+)"
        r"(?:abovecurrentversion\d+|belowminproducer\d+)?(?:(?:for|supportedby)TensorFlow(?P<release>\d+\.\d+(?:\.\d+)?))?",
        ("GraphDef", "consumer version", "producer version"),
        "tensorflow/core/framework/versions.cc",
        lines=3,
    ),
    MessageShape(
        "lowering",
        "tensorflow",
        r"Node\{\{node(?P<node>[^}]{1,400})\}\}oftype(?P<op>\w+?)has'(?P<attr>_lower_using_switch_merge)'attrset",
        ("_lower_using_swi", "tch_merge"),
        "tensorflow/core/common_runtime/lower_functional_ops.cc",
        lines=3,
    ),
    MessageShape(
        "kernel-device",
        "tensorflow",
        r"Cannotassignadevice(?:foroperation|tonode)(?P<node>'[^']{1,400}'|\{\{node[^}]{1,400}\}\}|[\w./>\\-]{1,400}?)(?=:)",
        ("Cannot ass", "ign a device"),
        _PLACER,
        _unassigned,
        lines=30,
        ends=_NODE_ENDS,
    ),
    MessageShape(
        "kernel-device",
        "tensorflow",
        r"Couldnotsatisfydevicespecification'(?:/\w+:[\w*]+)*?/(?:device:)?(?P<device>[A-Za-z_]+):[\d*]+'",
        ("satisfy device", "specification '"),
        "tensorflow/core/common_runtime/eager/context.cc",
        lines=4,
    ),
    MessageShape(
        "kernel-twice",
        "tensorflow",
        r"MultipleOpKernelregistrationsmatchNodeDef(?:atthesamepriority)?'(?P<node>[^']{1,2000})'",
        ("OpKernel", "registrations match"),
        _OP_KERNEL,
        _twice,
        lines=6,
    ),
    MessageShape(
        "op-registered-twice",
        "tensorflow",
        r"(?:Alreadyexists|ALREADY_EXISTS):Opwithname(?P<op>\w+)",
        ("xists: O", "XISTS: O", "p with name"),
        "tensorflow/core/framework/op.cc",
        _of_unknown_op,
        lines=1,
    ),
    MessageShape(
        "nothing-linked",
        "tensorflow",
        r"Nosessionfactoryregisteredforthegivensessionoptions",
        ("No session fact", "ory registered for"),
        "tensorflow/core/common_runtime/session_factory.cc",
        lines=3,
    ),
    MessageShape(
        "nothing-linked",
        "tensorflow",
        r"CPUFactorynotregistered|Nodevicesareregistered",
        ("CPU Fact", "ory not reg", "No devi", "ces are reg"),
        "tensorflow/core/common_runtime/device_factory.cc",
        lines=3,
    ),
)
