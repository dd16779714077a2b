"""The codes of findings. A code keeps its meaning for ever; one that is given up is never given again.

OPS1xx: a needed kernel is missing. OPS2xx: mobile builds leave something out by default. OPS3xx: the release refuses to
load the model. OPS4xx: the build lists of a checkout. OPS5xx: what logs of phones, converters and builds tell, and
what is read in binaries. OPS6xx: what the configuration of a project allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean


@dataclass(frozen=True, slots=True)
class Code:
    """One code: ``kind`` is a word for it, ``title`` the cause as a clause that follows a count of what it is about."""

    code: str
    kind: str
    title: str
    evidence_tells: bool = False
    """Whether the title, the ops and their places say all that the sentences of the findings do."""
    is_unknown: bool = False
    """Whether it says that nobody knows, which is neither yes nor no; no build is promised on it."""

    @property
    def family(self) -> str:
        """What the code is about: the first digit of its number."""
        return self.code[3]


_KERNELS = (
    Code("OPS101", "custom-op", "no release of TensorFlow that opselect knows has this op"),
    Code("OPS102", "op-of-another-release", "another release of TensorFlow has this op, this one has not"),
    Code("OPS103", "type-in-larger-build", "this build leaves the type out, a build with more types has it", True),
    Code("OPS104", "type-not-registered", "no build of the release registers a kernel for the type", True),
    Code("OPS105", "op-without-kernel", "the release defines the op and registers no kernel for it", True),
    Code("OPS106", "other-device-only", "the release has kernels for other devices only"),
    Code("OPS107", "pinned-device", "the nodes are pinned to a device that the build does not have", True),
    Code("OPS108", "kernel-label", "the nodes ask for a kernel by a label that no kernel has"),
    Code("OPS109", "hidden-by-macro", "the kernel is compiled only under a macro that the build does not set"),
    Code("OPS110", "not-evaluated", "a registration that may be of the op could not be evaluated", is_unknown=True),
    Code("OPS111", "ambiguous", "TensorFlow refuses to choose between kernels of the same priority"),
    Code("OPS112", "attr-misfit", "the node lacks an attr that kernels constrain, or has one of another type"),
    Code("OPS113", "kernel-of-undefined-op", "a kernel is registered, and no source file defines the op"),
    Code("OPS114", "missing-library", "the kernel needs a library that the build does not have"),
    Code("OPS115", "impossible-on-phones", "no build for a phone can have the kernel"),
    Code(
        "OPS116",
        "other-builds-only",
        "builds for other platforms have the kernel, and no change of types gives it to this one",
    ),
    Code("OPS117", "class-not-registered", "an ops list names it, and the build does not have it"),
    Code("OPS118", "no-line-by-the-tool", "TensorFlow's header tool leaves it out with no more than a warning"),
    Code("OPS119", "file-not-compiled", "the build does not compile the file that registers the kernel"),
    Code("OPS120", "definition-not-compiled", "the build does not compile the file that defines the op"),
    Code("OPS121", "cannot-be-linked", "the build cannot be linked, for a file is not compiled"),
    Code("OPS122", "class-not-in-header", "the header does not have the class of the kernel"),
    Code("OPS123", "op-not-in-header", "the header does not have the op"),
    Code("OPS124", "unusable-header", "no compiler takes the header"),
    Code("OPS125", "operator-not-registered", "the registration file does not have the operator of TensorFlow Lite"),
    Code("OPS126", "no-flex-delegate", "TensorFlow runs the operator, and no build of it is named"),
    Code("OPS127", "build-not-known", "whether the build has the kernel is not known", is_unknown=True),
    Code("OPS128", "file-not-known", "the index does not know where a source file of the release is", is_unknown=True),
    Code("OPS129", "no-list-by-the-tool", "TensorFlow's list_flex_ops ends here without a list"),
    Code("OPS130", "operator-not-in-runtime", "the runtime does not have the operator, or not in this version"),
    Code("OPS131", "custom-operator-not-in-runtime", "the runtime does not register the custom operator by itself"),
    Code("OPS132", "minimum-runtime-noted-wrong", "the model notes another minimum runtime than its operators need"),
    Code("OPS133", "no-micro-operator", "TensorFlow Lite for Microcontrollers has no such operator"),
    Code("OPS134", "no-micro-custom-operator", "TensorFlow Lite for Microcontrollers has no such custom operator"),
    Code("OPS135", "no-flex-on-microcontrollers", "TensorFlow runs the operator, and microcontrollers cannot"),
)

_LEFT_OUT = (
    Code("OPS201", "training", "only training needs this"),
    Code("OPS202", "unfrozen", "the model is not frozen"),
    Code("OPS203", "input-pipeline", "it feeds the model with training examples"),
    Code("OPS204", "needs-library", "its kernels need libraries that mobile builds do without"),
    Code("OPS205", "functions", "freezing takes functions out"),
    Code("OPS206", "no-place-on-phones", "it has no place on a phone"),
    Code("OPS207", "rare-type", "mobile builds leave out kernels for rare types"),
    Code("OPS208", "type-after-the-first", "slim builds keep the first type of a kernel only"),
    Code("OPS209", "kept-out-for-size", "the groups for mobile builds do without it"),
)

_REFUSED = (
    Code("OPS301", "unknown_attr", "a node has an attr that the op of this release has not"),
    Code("OPS302", "attr_value", "an attr has a value that the op does not take"),
    Code("OPS303", "missing_attr", "a node lacks an attr that the op needs"),
    Code("OPS304", "inputs", "the inputs of a node do not fit its op"),
    Code("OPS305", "removed_op", "the op is removed at the version of the graph"),
    Code("OPS306", "unknown_op", "the release has no such op"),
    Code("OPS307", "lowering", "the op is to be lowered and the release does not lower it"),
    Code("OPS308", "versions", "the release does not take graphs of this version"),
    Code("OPS309", "broken_graph", "the graph makes no sense to any release"),
    Code("OPS310", "bad_node", "an importer refuses the node itself"),
)

_LISTS = (
    Code("OPS401", "missing-file", "An entry names nothing that the build tool finds."),
    Code("OPS402", "drift", "One of BUILD file and makefile builds a source file that the other does not."),
    Code("OPS403", "duplicate-entry", "An entry stands in one list twice."),
    Code("OPS404", "compiled-twice", "A source file is in two groups that Bazel compiles by themselves."),
    Code("OPS405", "in-two-groups", "A source file is in two of the groups that make up the extended ops."),
    Code("OPS406", "unneeded", "A source file has no kernel in the profile, and nothing that is listed needs it."),
    Code("OPS407", "unpicked", "No model picks a kernel of a source file, and nothing that is picked needs it."),
    Code("OPS408", "missing-dependency", "A listed source file cannot be linked without one that is not listed."),
    Code("OPS409", "undefined-op", "A kernel is of an op that nothing in the build defines."),
    Code("OPS410", "missing-library", "A listed source file is compiled with a library that the build does not have."),
    Code("OPS411", "unlisted-kernel", "A model needs a kernel whose source file is in no list."),
    Code("OPS412", "not-evaluated", "A part of a list cannot be read, so nothing is known of it."),
)

_LOGS = (
    Code("OPS501", "inserted-by-runtime", "the runtime itself makes the op, and the binary has no kernel for it"),
    Code("OPS502", "dropped-by-linker", "the file is compiled, and the linker drops what it registers"),
    Code("OPS503", "nothing-linked", "the binary has no kernels of TensorFlow at all"),
    Code("OPS504", "linked-twice", "the same op is linked into the binary twice"),
    Code("OPS505", "misspelt-macro", "a macro of the build is none that TensorFlow asks for"),
    Code("OPS506", "lost-function", "the op is a function, and the graph's function library is lost"),
    Code("OPS507", "flex-not-linked", "the interpreter has no Flex delegate, which runs TensorFlow's own kernels"),
    Code("OPS508", "flex-library-without-op", "the library of the Flex delegate is of a selection without the op"),
    Code("OPS509", "selection-ignored", "builds for this platform take all of TensorFlow whatever is selected"),
    Code("OPS510", "runtime-older-than-operator", "the runtime is older than the operator, or than its version"),
    Code("OPS511", "operator-not-added", "the operator was never added to the resolver of the interpreter"),
    Code("OPS512", "custom-operator-not-registered", "the program registers no such custom operator"),
    Code("OPS513", "resolver-full", "the resolver has room for fewer operators than are added"),
    Code("OPS514", "converter-without-tensorflow-ops", "the converter may write no ops of TensorFlow into the model"),
    Code("OPS515", "not-in-flex-list", "the Flex delegate runs no ops but those of its list"),
    Code("OPS516", "no-such-node", "no node of the graph has the name"),
    Code("OPS517", "library-not-loaded", "the native library is not in the app for this device, or not loaded"),
    Code(
        "OPS518", "page-size", "a native library is aligned for pages of 4 KB, and the device or the store wants 16 KB"
    ),
    Code("OPS519", "excluded-from-reduced-build", "a reduced build leaves the operator out"),
    Code("OPS520", "runtime-older-than-model", "the runtime is older than the format of the model"),
)

_BINARIES = (
    Code("OPS521", "unaligned-in-package", "a library in a package does not begin at a page of 16 KB"),
    Code("OPS522", "symbols-left-in", "the binary carries symbols that no loader reads"),
    Code("OPS523", "sections-left-in", "the binary carries sections that need not ship"),
    Code("OPS524", "text-relocations", "the loader has to write into the code of the binary"),
    Code("OPS525", "executable-stack", "the binary asks for a stack that can be executed"),
    Code("OPS526", "kernels-of-undefined-ops", "the binary registers kernels of ops that it does not define"),
    Code("OPS527", "selection-not-applied", "the binary registers what its header leaves out"),
    Code("OPS528", "types-widened", "the build has more types than before"),
    Code("OPS529", "linked-whole", "files that register nothing are in the binary all the same"),
    Code("OPS530", "still-compiled", "the binary has kernels of files that its lists leave out"),
    Code("OPS531", "log-of-another-binary", "the binary has what the log says is missing"),
)

_POLICIES = (Code("OPS601", "over-budget", "The build is larger than a budget of the configuration."),)

CATALOG: dict[str, Code] = {
    each.code: each for each in (*_KERNELS, *_LEFT_OUT, *_REFUSED, *_LISTS, *_LOGS, *_BINARIES, *_POLICIES)
}
"""Every code, in order."""

_BY_KIND = {(each.family, each.kind): each for each in CATALOG.values()}


def code_of(code: str) -> Code:
    """The entry of a code, in capitals or not. Raises InputError, with codes that are like it, where there is none."""
    known = CATALOG.get(code.upper())
    if known is None:
        meant = did_you_mean(code, CATALOG)
        raise InputError(f"code {code}", f"there is no such code{meant}", "All codes: opselect explain --list.")
    return known


def refusal_code(kind: str) -> str:
    """The code of a kind of refusal; KeyError where there is none."""
    return _BY_KIND["3", kind].code


def list_code(kind: str) -> str:
    """The code of a kind of finding about build lists; KeyError where there is none."""
    return _BY_KIND["4", kind].code
