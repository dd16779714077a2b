"""Why a release refuses a graph: attrs, ops and versions that it does not take."""

from __future__ import annotations

from dataclasses import replace

from kernel_index import shipped
from kernel_index.records import AttrDefinition
from opselect.diagnosis.lookup import known_types
from opselect.diagnosis.setting import Setting, about, told
from opselect.diagnosis.values import printed, refused_text, value_in_node
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, run
from opselect.logs.records import LogFailure
from opselect.requirements.loading.mend import mend_removed
from opselect.requirements.loading.releases import attr_elsewhere, elsewhere, releases_defining, releases_with_attr

_BEFORE_ALL = "0.12.1"
"""A release before all that opselect knows."""


def unknown_attr(failure: LogFailure, setting: Setting) -> list[Finding]:
    """An attr that the op of the binary has not: taken off, where it has the default of the release that knows it."""
    op, attr = failure.op, failure.attr
    having = releases_with_attr(op, attr)
    release = _lacking(setting.index.release, having)
    there = elsewhere(having, release, "know it")
    known = attr_elsewhere(op, attr, release)
    reason = f"the {op} of the binary has no attr {attr}: {there or 'no release that opselect knows has it'}"
    newer = told("likely", f"Build {_first(there)} or later, or export the model for {setting.target}.")
    if known is None or not known.has_default:
        text = f"Export the model for {setting.target}." if known is None else newer.text
        return [about(Finding("OPS301", reason, attr=attr, mends=(told("guess", text),)), failure)]
    value = value_in_node(failure.text.partition("NodeDef:")[2], attr)
    default = _default_text(known)
    if value and default and value != default.replace(" ", ""):
        text = f"The node's value is {value}, not the default: {newer.text[:1].lower()}{newer.text[1:]}"
        reason = f"{reason}; its default there is {default}"
        return [about(Finding("OPS301", reason, attr=attr, mends=(replace(newer, text=text),)), failure)]
    said = f"the node's value is that default, {default}" if value else f"the default is {default}"
    step = f"remove_attribute(attribute_name={attr}, op_name={op})"
    line = f"opselect transform {setting.shown_model} without.pb --transforms='{step}'"
    first = "Take the attr off:" if value else "Take the attr off where it has its default:"
    mend: Mend = run(f"{first} {{command}}.", line, applicability="likely")
    finding = Finding("OPS301", f"{reason}; {said}", attr=attr, mends=(mend, replace(newer, lead=OR)))
    return [about(finding, failure)]


def _lacking(release: str, having: tuple[str, ...]) -> str:
    """The release, or the newest that lacks what the binary lacks: the binary is then older than it was taken for."""
    if release not in having:
        return release
    return next((each for each in reversed(shipped.releases()) if each not in having), _BEFORE_ALL)


def _first(there: str) -> str:
    return " ".join(there.split()[:2]) if there else "a newer TensorFlow"


def _default_text(attr: AttrDefinition) -> str:
    return printed(attr.default) if attr.default is not None else attr.default_text


def missing_attr(failure: LogFailure, setting: Setting) -> list[Finding]:
    """An attr that the op needs and the node lacks: exporters leave out defaults that other releases have."""
    op, attr, release = failure.op, failure.attr, setting.index.release
    known = setting.index.op_definition(op)
    defined = known.attr(attr) if known is not None else None
    having = releases_defining(op, lambda other, _: (its := other.attr(attr)) is not None and its.has_default)
    there = elsewhere(having, release, "give it a default")
    lacks = f"{setting.release} gives it no default" if defined is not None and not defined.has_default else ""
    reason = "; ".join(filter(None, (f"the node has no attr {attr}", lacks, there if lacks else "")))
    build = f", or build {_first(there)}" if there and lacks else ""
    text = f"Export the model for the TensorFlow of the binary{build}."
    finding = Finding("OPS303", reason, attr=attr, mends=(told("likely", text),))
    return [about(finding, failure)]


def bad_value(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A value that the op of the binary does not take, and the releases that have more values."""
    op, attr, release = failure.op, failure.attr, setting.index.release
    known = setting.index.op_definition(op)
    here = known.attr(attr) if known is not None else None
    value = known_types(failure).get(attr) or refused_text(failure.text, attr)
    having = releases_defining(
        op, lambda other, _: (its := other.attr(attr)) is not None and (its.allowed is None or value in its.allowed)
    )
    there = elsewhere(having, release, "take it") if value and here is not None else ""
    which = f"the attr {attr} of {op or 'the node'}" if attr else f"an attr of {op or 'the node'}"
    reason = f"{which} has a value that the binary's op does not take{f', {value}' if value else ''}"
    text = f"Export the model for {setting.target}" + (f", or build {_first(there)}." if there else ".")
    finding = Finding("OPS302", f"{reason}; {there}" if there else reason, attr=attr, mends=(told("likely", text),))
    return [about(finding, failure)]


def removed_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """An op that is gone from a version of the graph on: what takes its place, or another stamp of the producer."""
    definition = setting.index.op_definition(failure.op)
    gone = definition.deprecation if definition is not None else None
    version = failure.removed_in if failure.removed_in is not None else gone.version if gone is not None else None
    since = f"is removed from version {version} of the graph format on" if version is not None else "is removed"
    warned = failure.kind == "op-deprecated"
    if warned:
        since = (
            f"will be removed at version {version} of the graph format" if version is not None else "will be removed"
        )
    stamp = f", and the graph is of version {failure.graph_version}" if failure.graph_version is not None else ""
    said = f" ({gone.explanation.removesuffix('.')})" if gone is not None else ""
    mends = list(mend_removed(failure.op, setting.index, setting.shown_model))
    if failure.op == "BatchNormWithGlobalNormalization":
        line = f"opselect transform {setting.shown_model} folded.pb --transforms=fold_old_batch_norms"
        mends = [run("Fold it into the convolution before it: {command}.", line, applicability="likely")]
        mends.append(told("likely", "Export the model again with tf.nn.batch_normalization.", lead=OR))
    elif warned:
        mends = [replace(each, applicability="likely") for each in mends]
    finding = Finding("OPS305", f"{failure.op} {since}{stamp}{said}", mends=tuple(mends))
    return [about(finding, failure)]


def graph_version(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A graph of a version that the binary does not take."""
    known = setting.index.graph_versions
    takes = f": {setting.release} is of version {known.current}" if known is not None else ""
    of = f" {failure.graph_version}" if failure.graph_version is not None else ""
    reason = f"the graph is of a version{of} that the binary does not take{takes}"
    text = "Export the model with the TensorFlow of the binary, or build one as new as that which exported it."
    return [about(Finding("OPS308", reason, mends=(told("likely", text),)), failure)]


def lowering(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A node that asks to be lowered, of an op that the release does not lower."""
    attr = failure.attr or "_lower_using_switch_merge"
    reason = f"the node has {attr}, and {setting.release} does not lower {failure.op}"
    prepare = f"opselect prepare {setting.shown_model} -o phone.pb {setting.source_options}"
    step = f"remove_attribute(attribute_name={attr}, op_name={failure.op})"
    transform = f"opselect transform {setting.shown_model} without.pb --transforms='{step}'"
    mends = (
        run("Take the attr off, so that the op's kernel runs it: {command}.", transform, applicability="likely"),
        run("{command} does it in functions, too.", prepare, applicability="likely", lead=OR),
    )
    return [about(Finding("OPS307", reason, attr=attr, mends=mends), failure)]


def kernel_label(failure: LogFailure, setting: Setting) -> list[Finding]:
    """A node that asks for a kernel by a label."""
    labels = sorted({row.label for row in failure.rows or () if row.label})
    there = f"; it has the labels {', '.join(labels)}" if labels else ""
    step = f"remove_attribute(attribute_name=_kernel, op_name={failure.op})"
    line = f"opselect transform {setting.shown_model} without.pb --transforms='{step}'"
    mends = (run("Take the attr _kernel off: {command}.", line, applicability="likely"),)
    reason = f"the node asks by its attr _kernel for a kernel that the binary does not have{there}"
    return [about(Finding("OPS108", reason, attr="_kernel", mends=mends), failure)]


def kernel_twice(failure: LogFailure, setting: Setting) -> list[Finding]:
    """Several kernels of one priority fit: two files, or one that is linked twice."""
    files = sorted({r.source for r in setting.index.registrations(failure.op) if setting.profile in r.profiles})
    where = f": {' and '.join(files)} register it" if len(files) > 1 else ""
    text = (
        f"Keep one of {' and '.join(files)} in the build."
        if len(files) > 1
        else ("Link the file once: it is in two libraries, or in one of your own and in TensorFlow's.")
    )
    reason = f"several kernels of {failure.op} with the same priority fit the node{where}"
    return [about(Finding("OPS111", reason, files=tuple(files), mends=(told("likely", text),)), failure)]


def op_twice(failure: LogFailure, setting: Setting) -> list[Finding]:
    """Two definitions of one op are linked."""
    definition = setting.index.op_definition(failure.op)
    of = f", {definition.source} of {setting.release} among them" if definition is not None else ""
    text = (
        "Link TensorFlow once: as one shared library, or static into one library only. An op of your own needs a name "
        "that TensorFlow has not."
    )
    finding = Finding("OPS504", f"two files that define {failure.op} are linked{of}", mends=(told("likely", text),))
    return [about(finding, failure)]
