"""Options of ``bazel build`` → what the compiler of a C++ file gets by them, and for what it compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from opselect.build_commands.bazelrc import RcOption
from opselect.build_commands.flags import MacroSource, macro_settings
from opselect.build_commands.targets import processor_of

_OF_ALL = ("--copt", "--cxxopt")
_VALUED = frozenset((
    "--copt", "--cxxopt", "--conlyopt", "--per_file_copt", "--define", "--cpu", "--fat_apk_cpu", "--platforms",
    "--apple_platform_type", "--ios_multi_cpus", "--compilation_mode", "-c", "--config", "--android_platforms",
))  # fmt: skip


@dataclass(slots=True)
class BazelFlags:
    """``copts`` are what every C++ file gets, ``per_file`` the patterns with what files that fit one get besides.

    ``switches`` are what build files react to, as it is spelled. ``system`` and ``processor`` are what options name as
    the target, empty where none does; ``said_by`` is that option.
    """

    copts: list[RcOption] = field(default_factory=list)
    per_file: list[tuple[RcOption, tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...], tuple[str, ...]]] = field(
        default_factory=list
    )
    switches: dict[str, RcOption] = field(default_factory=dict)
    system: str = ""
    processor: str = ""
    said_by: str = ""
    problems: list[str] = field(default_factory=list)

    def macros(self, file: str) -> dict[str, MacroSource]:
        """The macros that a source file, by its path, is compiled with because of these options."""
        words = list(self.copts)
        package, _, name = file.rpartition("/")
        spelled = (file, f"//{package}:{name}")
        for option, wanted, unwanted, flags in self.per_file:
            fits = any(p.search(s) for p in wanted for s in spelled)
            if fits and not any(p.search(s) for p in unwanted for s in spelled):
                words += [RcOption(flag, option.place, option.via) for flag in flags]
        settings = macro_settings([word.text for word in words])
        places = {word.text: word for word in words}
        shown = {}
        for macro, source in settings.items():
            word = places.get(source.argument) or places.get(source.argument.split(" ")[-1])
            via = f", --config={'/'.join(word.via)}" if word and word.via else ""
            shown[macro] = MacroSource(
                source.value, f"{source.argument} ({word.place}{via})" if word else source.argument
            )
        return shown


def bazel_flags(options: Sequence[RcOption]) -> BazelFlags:
    """What options come to, those that stand later over those before them."""
    flags = BazelFlags()
    for name, value, option in named_options(options):
        valued = RcOption(value, option.place, option.via)
        if name in _OF_ALL:
            flags.copts.append(valued)
        elif name == "--per_file_copt":
            _per_file(flags, valued)
        elif name == "--define":
            flags.switches.update(_switched(f"--define={value}", value.rpartition("=")[2], option))
        elif name in ("--cpu", "--fat_apk_cpu", "--platforms", "--apple_platform_type", "--ios_multi_cpus"):
            _target(flags, name, value)
        elif name.startswith("--@"):
            flags.switches.update(_switched(name, value, option))
    return flags


def _switched(name: str, value: str, option: RcOption) -> dict[str, RcOption]:
    """A switch for the build files that is on: ``--define`` or a flag of a repository such as local_config_cuda."""
    return {} if value.lower() in ("false", "0", "no") else {name: option}


def named_options(options: Sequence[RcOption]) -> Iterator[tuple[str, str, RcOption]]:
    """Name, value and word of options that have a value, in their order."""
    rest = iter(options)
    for option in rest:
        name, equals, value = option.text.partition("=")
        if equals:
            yield name, value, option
        elif name in _VALUED:
            yield name, next(rest, RcOption("", "")).text, option
        elif name.startswith("--@"):
            yield name, "", option


def _per_file(flags: BazelFlags, option: RcOption) -> None:
    """``[+-]regex[,[+-]regex]...@option[,option]...``: an escaped comma is none between them."""
    patterns, at, words = option.text.partition("@")
    wanted: list[re.Pattern[str]] = []
    unwanted: list[re.Pattern[str]] = []
    try:
        for text in patterns.split(",") if at else ():
            (unwanted if text.startswith("-") else wanted).append(re.compile(text.lstrip("+-") or "$^"))
    except re.error as problem:
        flags.problems.append(f"{option.place}: --per_file_copt has a pattern that cannot be read ({problem})")
        return
    split = tuple(word.replace("\\,", ",") for word in re.split(r"(?<!\\),", words) if word)
    flags.per_file.append((option, tuple(wanted) or (re.compile(""),), tuple(unwanted), split))


def _target(flags: BazelFlags, name: str, value: str) -> None:
    text = value.lower()
    processor = "arm64" if "arm64" in text or "aarch64" in text else "arm" if "arm" in text else processor_of(text)
    if name == "--apple_platform_type":
        system = "ios" if text == "ios" else "macos"
    elif "ios" in text or name == "--ios_multi_cpus":
        system = "ios"
    elif "android" in text or name == "--fat_apk_cpu" or text in ("arm64-v8a", "armeabi-v7a"):
        system = "android"
    elif "darwin" in text or "macos" in text:
        system = "macos"
    elif "windows" in text:
        system = "windows"
    else:
        # x86 and x86_64 are cpus of Android's toolchain too: --fat_apk_cpu beside them tells.
        system = flags.system if flags.system == "android" and text in ("x86", "x86_64") else "linux"
    flags.system = system
    flags.processor = processor or flags.processor
    flags.said_by = f"{name}={value}"
