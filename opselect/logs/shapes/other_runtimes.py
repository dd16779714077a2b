"""ONNX Runtime, ExecuTorch and PyTorch Mobile: kernels and operators that a build has not."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes.names import QUOTE, listed, once, quoted
from opselect.logs.shapes.shape import MessageShape, Told

_NO_KERNEL = "onnx-no-kernel"
_ONNX_OP = r"(?P<op>[A-Za-z_][\w.:-]{0,200}?)\((?P<version>-?\d{1,6})\)"
"""An op of ONNX with the version that the kernel is for: ``Pad(13)``, ``com.microsoft.FusedConv(1)``."""

_NODE_NAME = re.compile(rf"nodewithname(?={QUOTE})|\(node:?")


def _onnx_node(match: re.Match[str], message: LogMessage) -> Told:
    """The name of the node, in quotes, or in parentheses up to the execution provider."""
    found = _NODE_NAME.match(message.text, match.end())
    if found is None:
        return {}
    name = quoted(message, found.end())
    if not name and found[0].startswith("(") and message.text[found.end() : found.end() + 1] not in {"'", '"'}:
        inside = message.text[found.end() :]
        name = inside.partition(")")[0] if ")" in inside else ""
    return {"node": name}


def _named(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """What stands behind the bare code NOT_IMPLEMENTED, and again behind "Failed to find kernel"."""
    newest = earlier[-1] if earlier else None
    if newest is None or newest.kind != _NO_KERNEL or newest.lines[-1] + 3 < later.lines[0]:
        return *earlier, later
    if not newest.op:
        return *earlier[:-1], replace(later, lines=newest.lines)
    if newest.op.rpartition(".")[2] == later.op and newest.node in ("", later.node):
        return *earlier[:-1], replace(newest, node=later.node)
    return *earlier, later


def _running(_: re.Match[str], message: LogMessage) -> Told:
    """A kernel that is there and does not do what the node asks for: of a node that the text behind names."""
    node = re.compile(r"whilerunning([A-Za-z_]\w{0,100})node\.Name:'([^']{0,400})'").search(message.text)
    return {"op": node[1], "node": node[2]} if node else {}


def _torch_op(match: re.Match[str], message: LogMessage) -> Told:
    """The operator that stands behind; up to white space, if that leaves a whole name."""
    found = _OPERATOR.match(message.text, match.end())
    if found is None:
        return {}
    op = ""
    for part in message.sentence(*found.span()).split():
        op = _operator(op + part)
        if _OPERATOR.fullmatch(op):
            break
    return {"op": op}


def _operator(text: str) -> str:
    return text.strip("'\"`").rstrip(".,;")


def _of_methods(earlier: tuple[LogFailure, ...], later: LogFailure) -> tuple[LogFailure, ...]:
    """How many instructions a method has without a kernel: the lines above name them."""
    return earlier if any(each.kind == later.kind for each in earlier) else (*earlier, later)


_OPERATOR = re.compile(r"[a-z_]\w*::[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")


def _torch_list(match: re.Match[str], message: LogMessage) -> Told | None:
    """Operators in brackets, or behind a sentence that ends with a URL of which the first of them once was a part."""
    text = message.text
    start = match.end()
    if text[start : start + 1] in {"[", "{"}:
        names = listed(message, start + 1)
    elif match[1] == ":":
        names = listed(message, start)
    else:
        names = ()
        while found := (_OPERATOR.match if names else _OPERATOR.search)(text, start):
            is_whole = text[found.end() : found.end() + 1] == ","
            name = found[0] if is_whole else message.word(*found.span())
            names += (name,)
            start = found.start() + len(name) + 1
            if text[start - 1 : start] != ",":
                break
    ops = once(_operator(name) for name in names if "::" in name)
    return {"op": ops[0] if ops else "", "ops": ops}


_PLANNER = "onnxruntime/core/framework/session_state.cc"
_REGISTRY = "onnxruntime/core/framework/kernel_registry_manager.cc"
_CHECKER = "onnx/checker.cc"
_METHOD = "executorch/runtime/executor/method.cpp"
_MOBILE = "torch/csrc/jit/mobile/function.cpp"

SHAPES: tuple[MessageShape, ...] = (
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        rf"Couldnotfindanimplementationfor(?:thenode(?P<_node>[^'\"()]{{1,400}}?):)?(?:thenode)?{_ONNX_OP}",
        ("find an implementation", "Could not find an"),
        _PLANNER,
        lambda match, message: {"node": match["_node"]} if match["_node"] else _onnx_node(match, message),
        lines=3,
        joins=_named,
        reach=3,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        rf"[Ff]ailedtofindkernelfor{_ONNX_OP}",
        ("find kernel for", "Kernel not found"),
        _REGISTRY,
        _onnx_node,
        lines=3,
        joins=_named,
        reach=3,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        r"Failedtofindkernelfor(?=[A-Z])(?P<op>[\w.]{1,200}?)\(node",
        ("find kernel for", "Kernel not found"),
        _REGISTRY,
        lambda match, message: {"node": message.text[match.end() :].lstrip(":").strip("'").partition(")")[0]},
        lines=3,
        joins=_named,
        reach=3,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        rf"Failedtofindkerneldefhash\(?\d*\)?inkernelregistriesfor{_ONNX_OP}",
        ("find kernel def hash", "kernel registries for"),
        "onnxruntime/core/session/inference_session.cc",
        _onnx_node,
        lines=3,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        r"Failedtofindkerneldefhashinkernelregistries:",
        ("find kernel def hash", "in kernel registries"),
        "onnxruntime/core/session/inference_session.cc",
        lines=2,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        r"Opwithname\((?P<node>[^()]{0,400})\)(?:domain\([^()]{0,200}\))?andtype\((?P<op>\w{1,200})\)kernel(?:isnotsupported|notfound)in",
        ("Op with name (", "kernel is not supported", "kernel not found in"),
        _REGISTRY,
        lines=3,
        joins=_named,
        reach=3,
    ),
    MessageShape(
        _NO_KERNEL,
        "onnxruntime",
        r"(?:9:|ORT_)NOT_IMPLEMENTED(?![-:,]*(?:message:)?(?:Couldnot|Failedto))",
        ("9 : NOT_IMPLEMENTED", "ORT_NOT_IMPLEMENTED", ": NOT_IMPLEMENTED"),
        "onnxruntime/core/common/status.cc",
        _running,
        lines=3,
    ),
    MessageShape(
        "onnx-unknown-op",
        "onnxruntime",
        r"InNode,\(\"(?P<node>[^\"]{0,400})\",[^\"]{1,200},\"[^\"]{0,200}\",.{0,4000}?"
        r"ErrorNoOpregisteredfor(?P<op>[\w.]{1,200}?)withdomain_versionof(?P<version>\d+)",
        ("No Op registered for", "with domain_version of"),
        _CHECKER,
        lines=3,
    ),
    MessageShape(
        "onnx-unknown-op",
        "onnxruntime",
        r"ErrorinNode:(?P<node>[^'\"()]{1,400}?):NoOpregisteredfor(?P<op>[\w.]{1,200}?)withdomain_versionof(?P<version>\d+)",
        ("No Op registered for", "with domain_version of"),
        _CHECKER,
        lines=2,
    ),
    MessageShape(
        "onnx-unknown-op",
        "onnxruntime",
        r"NoOpregisteredfor'?(?P<op>[\w.]{1,200}?)'?withdomain_versionof(?P<version>\d+)",
        ("No Op registered for", "with domain_version of"),
        _CHECKER,
        lines=2,
    ),
    MessageShape(
        "onnx-unknown-op",
        "onnxruntime",
        rf"Fatalerror:{_ONNX_OP}isnotaregisteredfunction/op",
        ("is not a registered", "function/op"),
        "onnxruntime/core/graph/graph.cc",
        lambda match, _: {"version": None if match["version"].startswith("-") else int(match["version"])},
        lines=2,
    ),
    MessageShape(
        "onnx-unknown-op",
        "onnxruntime",
        r"Fatalerror:(?P<op>[A-Za-z_][\w.:]{0,200}?)isnotaregisteredfunction/op",
        ("is not a registered", "function/op"),
        "onnxruntime/core/graph/graph.cc",
        lines=2,
    ),
    MessageShape(
        "onnx-version",
        "onnxruntime",
        r"UnsupportedmodelIRversion:(?P<version>\d+)",
        ("Unsupported model IR", "supported IR version"),
        "onnxruntime/core/graph/model.cc",
        lines=2,
    ),
    MessageShape(
        "onnx-version",
        "onnxruntime",
        r"Opset(?P<version>\d+)isunderdevelopment",
        ("is under development and", "official released onnx"),
        "onnxruntime/core/graph/model_load_utils.h",
        lines=2,
    ),
    MessageShape(
        "executorch-operator",
        "executorch",
        rf"kernel{QUOTE}(?P<op>\w+::[\w.]{{1,200}}){QUOTE}notfound",
        ("operator_registry.cpp", "kernel '"),
        "executorch/runtime/kernel/operator_registry.cpp",
        lines=2,
    ),
    MessageShape(
        "executorch-operator",
        "executorch",
        r"Missingoperator:\[\d+\](?=[\w]+::)",
        ("Missing operator:", "operator: ["),
        _METHOD,
        _torch_op,
        lines=2,
    ),
    MessageShape(
        "executorch-operator",
        "executorch",
        rf"Thereare\d+instructionsdon{QUOTE}?thavecorrespondingoperator",
        ("corresponding operator", "instructions don"),
        _METHOD,
        lines=2,
        joins=_of_methods,
        reach=400,
    ),
    MessageShape(
        "executorch-operator",
        "executorch",
        r"Thereare\d+operatorsmissingfromregistration",
        ("operators missing from", "missing from registration"),
        _METHOD,
        lines=2,
        joins=_of_methods,
        reach=400,
    ),
    MessageShape(
        "pytorch-operator",
        "pytorch-mobile",
        r"Followingopscannotbefound([.:])",
        ("Following ops cannot", "ops cannot be found"),
        _MOBILE,
        _torch_list,
        lines=20,
        ends=r"Exceptionraisedfrom",
    ),
    MessageShape(
        "pytorch-operator",
        "pytorch-mobile",
        r"[Uu]nknownbuiltinop:(?=[a-z_]\w*::)",
        ("nknown builtin op", "builtin op:"),
        "torch/csrc/jit/frontend/schema_matching.cpp",
        _torch_op,
        lines=3,
    ),
    MessageShape(
        "pytorch-operator",
        "pytorch-mobile",
        rf"Could(?:n{QUOTE}?tfind|notfind)(?:any|an)?(?:instanceof)?(?:schema|operator)for{QUOTE}?(?=[a-z_]\w*::)",
        ("find an operator", "find schema for", "find operator"),
        "torch/csrc/jit/runtime/operator.cpp",
        _torch_op,
        lines=3,
    ),
    MessageShape(
        "pytorch-operator",
        "pytorch-mobile",
        rf"Couldnotrun{QUOTE}(?P<op>[a-z_]\w*::[\w.]{{1,200}}){QUOTE}withargumentsfromthe",
        ("Could not run '", "with arguments from the"),
        "aten/src/ATen/core/dispatch/Dispatcher.cpp",
        lambda _, message: {} if "selective/custombuild" in message.text else None,
        lines=4,
    ),
)
"""What the three print, of releases from 0.4 (ONNX Runtime), 0.1 (ExecuTorch) and 1.3 (PyTorch) on."""
