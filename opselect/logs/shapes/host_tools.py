"""TensorFlow's tools on the host: names of nodes that are not in the graph, and the tools that list ops and kernels."""

from __future__ import annotations

import re

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes.names import bare, listed, quoted
from opselect.logs.shapes.shape import MessageShape, Told

_STOP = re.compile(r"[<>'\"()]")
_OUTPUT = re.compile(r":\d+$")
_NODE = r"(?P<_node>[^'\"\[\]{}()]{1,400}?)"


def node_of(tensor: str) -> str:
    """The node of a tensor: its name without the number of the output, and without the mark of a control input."""
    return _OUTPUT.sub("", tensor.strip("'\"`")).removeprefix("^")


def _matched(match: re.Match[str], message: LogMessage) -> Told | None:
    """The name within the beginning: one word, but for one place at which a log may have broken it."""
    span = match.span("_node")
    if message.has_blank(*span) or message.sentence(*span).count(" ") > 1:
        return None
    return {"node": node_of(match["_node"])}


def _behind(match: re.Match[str], message: LogMessage) -> Told:
    """The name that the beginning ends in front of, in quotes or up to a blank."""
    start = match.end()
    name = quoted(message, start)
    if not name:
        end = next((at.start() for at in _STOP.finditer(message.text, start)), len(message.text))
        parts = message.sentence(start, min(end, start + 400)).split(" ")
        broken = "".join(parts[:2])
        # The number of an output is the end of a name that a log broke.
        name = broken if _OUTPUT.search(broken) and ":" not in parts[0] else parts[0]
    return {"node": node_of(name.rstrip(".,;"))}


def _first(match: re.Match[str], message: LogMessage) -> Told:
    names = listed(message, match.end())
    return {"node": node_of(names[0]) if names else ""}


def _java(match: re.Match[str], message: LogMessage) -> Told:
    """The frame behind says whether the node was to be fed or fetched."""
    kind = "tool-input-name" if "Runner.feed(" in message.text else "tool-output-name"
    return {"kind": kind, "node": node_of(match["_node"])}


def _said(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """Why a name cannot be fetched, in parentheses behind the message that it cannot."""
    return earlier if earlier and earlier[-1].node == later.node else (*earlier, later)


def _op(match: re.Match[str], message: LogMessage) -> Told:
    return {"op": bare(message, match.end(), r"[^\w>]")}


_EXTRACT = "tensorflow/python/framework/graph_util_impl.py"
_STRIP = "tensorflow/python/tools/strip_unused_lib.py"
_IMPORTER = "tensorflow/python/framework/importer.py"
_FETCHES = "tensorflow/python/client/session.py"
_GRAPH = "tensorflow/python/framework/ops.py"
_SUBGRAPH = "tensorflow/core/graph/subgraph.cc"
_TOCO = "tensorflow/lite/toco/tooling_util.cc"
_FLEX_OPS = "tensorflow/lite/tools/list_flex_ops.cc"
_HEADER = "tensorflow/python/tools/selective_registration_header_lib.py"

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        "tool-output-name",
        "tool",
        rf"AssertionError:{_NODE}isnotingraph",
        ("is not in graph", "AssertionError:"),
        _EXTRACT,
        _matched,
        lines=1,
    ),
    MessageShape(
        "tool-input-name",
        "tool",
        r"Thefollowinginputnodeswerenotfound:(?:set\()?[\[{(]*u?",
        ("following input nodes", "nodes were not found"),
        _STRIP,
        _first,
        lines=2,
    ),
    MessageShape(
        "tool-input-name",
        "tool",
        rf"Name'{_NODE}'appearstorefertoaTensor,notan?Operation",
        ("appears to refer", "to a Tensor, not"),
        _STRIP,
        _matched,
        lines=1,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        rf"Requestedreturn(?:tensor|node|_element)'{_NODE}'notfoundingraph",
        ("Requested return", "not found in graph"),
        _IMPORTER,
        _matched,
        lines=1,
    ),
    MessageShape(
        "tool-input-name",
        "tool",
        r"Attemptedtomapinputsthatwerenotfoundingraph_def:\[",
        ("to map inputs", "not found in graph_def"),
        _IMPORTER,
        _first,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        rf"(?:Fetchargument'|Argument`fetch`='?){_NODE}'?cannotbeinterpretedasaTensor",
        ("be interpreted as", "etch argument", "Argument `fetch`"),
        _FETCHES,
        _matched,
        lines=2,
    ),
    MessageShape(
        "tool-input-name",
        "tool",
        rf"Cannotinterpretfeed_dictkeyasTensor:Thename'{_NODE}'referstoa(?:Tensorwhichdoesnotexist|nOperationnot)",
        ("interpret feed_dict", "key as Tensor"),
        _FETCHES,
        _matched,
        lines=3,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        rf"Thename'{_NODE}'referstoa(?:Tensorwhichdoesnotexist|nOperationnotinthegraph)",
        ("refers to a Tensor which", "refers to an Operation not", "does not exist. The operation"),
        _GRAPH,
        _matched,
        lines=3,
        joins=_said,
        reach=2,
    ),
    MessageShape(
        "tool-input-name",
        "tool",
        r"FeedInputs:unabletofindfeedoutput",
        ("FeedInputs:", "find feed output"),
        _SUBGRAPH,
        _behind,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        rf"FetchOutputsnode{_NODE}:notfound",
        ("FetchOutputs node", "FetchOutputs"),
        _SUBGRAPH,
        _matched,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        r"PruneForTargets:Sometargetnodesnotfound:",
        ("PruneForTargets:", "Some target nodes"),
        _SUBGRAPH,
        _behind,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        rf"Tensor{_NODE},specifiedineitherfeed_devicesorfetch_devices",
        ("in either feed_devices", "or fetch_devices"),
        "tensorflow/core/common_runtime/direct_session.cc",
        _matched,
        lines=2,
    ),
    MessageShape(
        # The tool walks from the outputs up: what it does not find is an output, or an input of some node.
        "tool-output-name",
        "tool",
        rf"Inputnode{_NODE}notfoundingraph",
        ("Input node", "not found in graph"),
        "tensorflow/tools/graph_transforms/strip_unused_nodes.cc",
        _matched,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "tool",
        r"NoOperationnamed\[(?P<_node>[^\[\]]{1,400})\]intheGraph",
        ("No Operation named", "in the Graph"),
        "tensorflow/java/src/main/java/org/tensorflow/Session.java",
        _java,
        lines=8,
    ),
    MessageShape(
        "tool-output-name",
        "converter",
        r"Specifiedoutputarray\"(?P<_node>[^\"]{1,400})\"isnotproducedbyanyop",
        ("Specified output array", "is not produced by"),
        _TOCO,
        _matched,
        lines=2,
    ),
    MessageShape(
        "tool-input-name",
        "converter",
        r"Specifiedinputarray\"(?P<_node>[^\"]{1,400})\"isnot(?:consumed|produced)byanyop",
        ("Specified input array", "is not consumed by", "is not produced by"),
        _TOCO,
        _matched,
        lines=2,
    ),
    MessageShape(
        "tool-output-name",
        "converter",
        r"Invalidtensors(?=')",
        ("Invalid tensors", "were found."),
        "tensorflow/lite/python/util.py",
        lambda match, message: {"node": node_of(quoted(message, match.end()).partition(",")[0])},
        lines=2,
    ),
    MessageShape(
        "flex-tool",
        "tool",
        r"Op(?P<op>[\w>]{1,200}?)notfound:(?:Notfound:|NOT_FOUND:)?Optypenotregistered'[^']{1,200}'inbinary",
        ("not found: N", "Op type not registered"),
        _FLEX_OPS,
    ),
    MessageShape(
        "flex-tool",
        "tool",
        r"Failedtofindkernelclassforop:",
        ("find kernel class", "class for op"),
        _FLEX_OPS,
        _op,
        lines=2,
    ),
    MessageShape(
        "flex-tool",
        "tool",
        r"InvalidCustomOptionsFormat",
        ("Invalid CustomOptionsFormat", "CustomOptionsFormat"),
        _FLEX_OPS,
        lines=1,
    ),
    MessageShape(
        "header-tool",
        "tool",
        r"Warning:nokernelfoundforop",
        ("no kernel found", "kernel found for op"),
        _HEADER,
        _op,
        lines=2,
    ),
    MessageShape(
        "header-is-message",
        "tool",
        r"ops_to_register\.h:\d+:\d+:error:(?:unknowntypename'Error'|'Error'doesnotnameatype)",
        ("ops_to_register.h:1:", "unknown type name 'Error'", "'Error' does not name"),
        _HEADER,
        lines=2,
    ),
    MessageShape(
        "header-is-message",
        "tool",
        r"Errorreadinggraph!",
        ("Error reading graph!", "reading graph!"),
        _HEADER,
        lines=2,
    ),
)
"""What freeze_graph and its like, sessions, the old converter, list_flex_ops and the tool of the header print."""
