"""From a selection to the text of a header, and what a header does to the size of the binary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.profiles import is_mobile, release_number
from kernel_index.shown import shortened
from opselect.build_lists.header.literals import quoted
from opselect.build_lists.header.options import HeaderOptions
from opselect.build_lists.header.reader import FILE_NAME
from opselect.build_lists.header.record import compiles_with
from opselect.build_lists.header.writer import form_of, own_text, tool_text
from opselect.lite.flex_platforms import FlexPlatforms, where_models_are_ignored
from opselect.requirements.ops_list import Pair
from opselect.requirements.runtime import SESSION_OPS
from opselect.selection.named_kernels import NamedKernels, not_in_pairs, sorted_pairs
from opselect.selection.select import Reason, SelectedKernel, Selection

_MAX_NODES = 3
_MAX_MODELS = 20
_MAX_NAMED = 10

_ALL_TYPES_INSIDE = ("pack_op.cc", "concat_lib_cpu.cc")
"""Kernel files that ``SUPPORT_SELECTIVE_REGISTRATION`` widens inside a kernel, where no header cuts."""

_MAX_CLASSES = 450
"""Classes up to which the comparison of one class stays within 512 nested calls, g++'s and clang's default."""

_SELECTIVE = "selective"


def header_text(
    selection: Selection,
    options: HeaderOptions,
    named: NamedKernels,
    unread: Sequence[str] = (),
    delegate: Sequence[Pair] = (),
) -> str:
    """The text of ``ops_to_register.h``; ``named`` is what the tool reads of the models, for ``compat`` alone.
    ``delegate`` are pairs that the Flex delegate itself brings, which the tool never writes.

    Raises OpselectError for options that make no sense; InputError where there is no op at all, for which the tool
    prints an error message as if it were a header, and for a name that the text cannot hold.
    """
    tool = options.tool
    if tool is None:
        return _own(selection, options, unread, delegate)
    if options.default_ops == "" and not tool.takes_no_default_ops:
        raise InputError(
            FILE_NAME, f"the tool of {tool} fails without default ops", "Name some: --default-ops Op:Class."
        )
    pairs = sorted_pairs((*named.pairs, *options.pairs))
    if not pairs:
        raise InputError(
            FILE_NAME,
            "there is no op to register: the tool prints an error message in place of a header",
            "Check that the models are the ones that you mean.",
        )
    return tool_text(pairs, tool, everything=options.everything)


def _own(selection: Selection, options: HeaderOptions, unread: Sequence[str], delegate: Sequence[Pair]) -> str:
    kernels: dict[str, list[SelectedKernel]] = {}
    for kernel in kernels_by_choice(selection):
        kernels.setdefault(kernel.registration.kernel_class, []).append(kernel)
    classes = {name: _why(kernels[name]) for name in kernels}
    ops = dict.fromkeys(selection.ops, "")
    for op, kernel_class in options.pairs:
        ops.setdefault(op.strip(), "default")
        classes.setdefault(kernel_class.strip(), f"{op.strip()}: default")
    for op, own_class in delegate:
        ops.setdefault(op, "the Flex delegate brings it")
        classes.setdefault(own_class or op, f"{op}: functions that ops of the models call")
    head = list(_head(selection, unread))
    return own_text(ops, classes, head, everything=options.everything)


def kernels_by_choice(selection: Selection) -> Iterator[SelectedKernel]:
    """The kernels that a header decides about: of an op with a kernel that is registered in any case there are none.

    To name those is not only of no use: ``function_ops.cc`` registers more kernels of such ops by names that are no
    constants, and compiles only as long as a header does not have their class (``TF_INIT_ON_STARTUP_IF`` of
    ``core/framework/registration/registration.h`` looks at the op once it has the class).
    """
    always = {kernel.registration.op for kernel in selection.kernels if kernel.registration.system}
    return (kernel for kernel in selection.kernels if kernel.registration.op not in always)


def _head(selection: Selection, unread: Sequence[str]) -> Iterator[str]:
    yield f"for TensorFlow {selection.release}, profile {selection.profile}."
    models = sorted({model for kernel in selection.kernels for reason in kernel.reasons for model in reason.models})
    if models:
        shown = ", ".join(_name(model) for model in models[:_MAX_MODELS])
        yield f"Models: {shown}{', ...' if len(models) > _MAX_MODELS else ''}"
    if selection.unresolved or selection.verdict.refused or unread:
        yield "INCOMPLETE: this header does not have all that the models need."
    for missing in selection.unresolved:
        yield f"  {_op(missing.op)}: {missing.reason}"
    for refused in selection.verdict.refused:
        yield f"  {_op(refused.op) if refused.op else 'any op'}: {refused.reason}"
    for model in unread:
        yield f"  {_name(model)} could not be read."


def _why(kernels: Sequence[SelectedKernel]) -> str:
    """The ops of a class, each with the nodes that ask or what asks in their place."""
    texts = []
    for op in sorted({kernel.registration.op for kernel in kernels}):
        reasons = [r for k in kernels if k.registration.op == op for r in k.reasons]
        texts.append(f"{op}: {_asking(reasons)}")
    return "; ".join(texts)


def _asking(reasons: Sequence[Reason]) -> str:
    nodes = sorted({node for reason in reasons for node in reason.nodes})
    if nodes:
        more = ", ..." if len(nodes) > _MAX_NODES else ""
        note = next((f" ({r.note})" for r in reasons if r.note), "") if all(r.note for r in reasons) else ""
        return ", ".join(map(_name, nodes[:_MAX_NODES])) + more + note
    return next((reason.note for reason in reasons if reason.note), "")


def _op(name: str) -> str:
    """An op of a model as it is, but in quotes and with escapes where no op can be called so."""
    return name if name.isascii() and name.isidentifier() else _name(name)


def _name(name: str) -> str:
    return quoted(shortened(name))


def header_warnings(
    selection: Selection,
    index: KernelIndex,
    options: HeaderOptions,
    named: NamedKernels,
    *,
    with_lists: bool,
    rules: FlexPlatforms | None = None,
) -> tuple[str, ...]:
    """What a header does not do: which kernels it lacks, and when it leaves the binary as large as it is, or larger.

    ``with_lists`` says that build lists are written beside it, ``rules`` where TensorFlow's own Flex rules take notice
    of it, None where a library is built without them.
    """
    if options.everything:
        return ("the header registers every op and kernel (--default-ops all): the binary will not get smaller",)
    return tuple(
        filter(
            None,
            (
                _does_not_compile(selection, options),
                _lacking(selection, options, named),
                _too_deep(selection, options, named),
                _nothing_to_cut(selection, index) if with_lists else "",
                _growth(selection),
                _where_it_counts(selection, rules),
                "" if with_lists else _ALONE,
            ),
        )
    )


_ALONE = (
    "a header alone decides what is registered, not what is compiled: --target bazel, makefile or list beside it gives "
    "the files of the same kernels"
)


def _does_not_compile(selection: Selection, options: HeaderOptions) -> str:
    tool = options.tool
    if tool is None or compiles_with(form_of(tool), release_number(selection.release)):
        return ""
    return (
        f"TensorFlow {selection.release} does not compile with a header as the tool of {tool} writes it: it wants a "
        "constant where that calls strstr. Name a later release with --compat"
    )


def _lacking(selection: Selection, options: HeaderOptions, named: NamedKernels) -> str:
    """Kernels that the tool never looks for, and that the models need all the same."""
    tool = options.tool
    if tool is None:
        return ""
    said = {each.op for each in selection.unresolved}
    lacking = not_in_pairs(selection, (*named.pairs, *options.pairs))
    ops = sorted({kernel.registration.op for kernel in lacking} - said - SESSION_OPS.keys())
    if not ops:
        return ""
    shown = ", ".join(ops[:_MAX_NAMED]) + (", …" if len(ops) > _MAX_NAMED else "")
    why = "function bodies as they are called" if tool.reads_functions else "functions"
    return (
        f"as the tool of {tool} writes it, the header lacks kernels that the models need: {shown}; the tool "
        f"reads neither {why} nor what the runtime makes of nodes. Without --compat they are in it"
    )


def _too_deep(selection: Selection, options: HeaderOptions, named: NamedKernels) -> str:
    pairs = named.pairs if options.tool else {(k.registration.kernel_class, "") for k in selection.kernels}
    if len(pairs) <= _MAX_CLASSES:
        return ""
    return (
        f"the header compares with {len(pairs)} classes one by one, deeper than compilers go by default: pass "
        "-fconstexpr-depth=4096 (clang too) and -ftemplate-depth=4096"
    )


def _nothing_to_cut(selection: Selection, index: KernelIndex) -> str:
    files = {file.path for file in selection.files if file.role == "kernel"}
    having = {(kernel.registration.op, kernel.registration.kernel_class) for kernel in selection.kernels}
    for op in {op for file, ops in index.kernel_ops(selection.profile).items() if file in files for op in ops}:
        for registration in index.registrations(op):
            if (
                registration.source in files
                and selection.profile in registration.profiles
                and not registration.system
                and (op, registration.kernel_class) not in having
            ):
                return ""
    return (
        "the header will not shrink a binary that is built of just these files: they register no other kernel in "
        f"profile {selection.profile}"
    )


def _growth(selection: Selection) -> str:
    if not is_mobile(selection.profile) or selection.profile.partition("+")[0] == _SELECTIVE:
        return ""
    named = sorted(
        file.path.rpartition("/")[2] for file in selection.files if file.path.rpartition("/")[2] in _ALL_TYPES_INSIDE
    )
    inside = f", and inside {' and '.join(named)} no header cuts them" if named else ""
    return (
        "a build with a header needs SELECTIVE_REGISTRATION; SUPPORT_SELECTIVE_REGISTRATION beside it, which "
        f"portable_tensorflow_lib of 2.x defines by itself, widens the types of profile {selection.profile} to all of "
        f"them{inside}: such a binary may grow. --profile {_SELECTIVE} answers for that build"
    )


def _where_it_counts(selection: Selection, rules: FlexPlatforms | None) -> str:
    if rules is None or is_mobile(selection.profile):
        return ""
    return f"profile {selection.profile} is no phone: {where_models_are_ignored(rules)}"
