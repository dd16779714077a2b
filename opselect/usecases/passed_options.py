"""Which options does the Bazel build pass that a question describes?"""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.errors import InputError
from kernel_index.links import Links
from opselect.build_commands.bazel_options import named_options
from opselect.build_commands.bazelrc import RcFile, RcOption, read_bazelrc
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.real_build import BuildRecord
from opselect.verifying.build_options import BuildOptions, name_and_value, names_a_system, system_of


def passed_options(profile: str, source: KernelSource, record: BuildRecord | None) -> BuildOptions:
    """What is known of the options of a build of a profile.

    A ``.bazelrc`` that is named says all of them; other records of a build say none. Where nothing is named, these are
    the options that the checkout's own ``.bazelrc`` has for every build, and those of its configurations may be passed.

    Raises InputError where a ``.bazelrc`` that is named cannot be read.
    """
    system = system_of(profile)
    if record is not None and record.bazelrc is not None:
        return BuildOptions(system, _values(read_bazelrc(record.bazelrc).options(record.configs)))
    if record is not None:
        return BuildOptions(system, are_all=False)
    if source.tree is None:
        return BuildOptions(system)
    path = source.tree / ".bazelrc"
    if not path.is_file():
        return BuildOptions(system)
    if Links(source.tree, follow=source.follow_links).lead_out(str(path)):
        return BuildOptions(system, are_all=False)
    try:
        rc = read_bazelrc(path)
        usual = _values(rc.options())
    except InputError:
        # Bazel does not read it either, or finds the files that it imports elsewhere.
        return BuildOptions(system, are_all=False)
    perhaps = frozenset(_values(_of_configurations(rc)))
    known = {name: value for name, value in usual.items() if name not in perhaps and not names_a_system(name)}
    return BuildOptions(system, known, perhaps)


def _of_configurations(rc: RcFile) -> list[RcOption]:
    return [word for (_, config), words in rc.lines.items() if config for word in words]


def _values(options: Iterable[RcOption]) -> dict[str, str]:
    """The last value of each option by name."""
    return dict(name_and_value(f"{name}={value}") for name, value, _ in named_options(list(options)))
