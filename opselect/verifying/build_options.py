"""What is known of the options of a ``bazel build``, and which conditions of its build files hold by that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_CROSSTOOLS = {
    "//external:android/crosstool": "android",
    "//external:android/emscripten": "emscripten",
    "//external:android/chromiumos": "chromiumos",
}
"""The toolchains of ``tensorflow/BUILD``, and what they compile for."""

_CPUS = (
    ("arm64-v8a", "android"),
    ("armeabi-v7a", "android"),
    ("ios_", "ios"),
    ("darwin", "macos"),
    ("x64_windows", "windows"),
    ("freebsd", "freebsd"),
    ("fuchsia", "fuchsia"),
    ("k8", "linux"),
    ("ppc", "linux"),
    ("s390x", "linux"),
    ("riscv64", "linux"),
)
"""How those processors of ``tensorflow/BUILD`` begin that are of one system only; ``x86`` and ``arm`` are of more."""

_CONSTRAINT = "@platforms//os:"
_PHONES = ("android", "ios")


def system_of(profile: str) -> str:
    """The system that a profile is for: ``android``, ``ios`` or ``linux`` (``docs/profiles.md``)."""
    platform = profile.partition("+")[0]
    return "ios" if platform == "ios" else "linux" if platform in ("raspberry-pi", "desktop") else "android"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """A build for ``system``, and the options that are ``passed``, by name: of ``--define=a=b`` ``--define=a`` is it.

    Names in ``perhaps`` are of options that may be passed or not. Without ``are_all`` that is so of every option.
    """

    system: str
    passed: Mapping[str, str] = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()
    are_all: bool = True

    def hold(self, ways: Iterable[Iterable[str]]) -> bool | None:
        """Whether a condition holds, of which these are the ways that it may; None where that is not known."""
        return any_of(all_of(map(self.has, way)) for way in ways)

    def has(self, option: str) -> bool | None:
        """Whether an option is set, or the build is for a constraint; None where that is not known.

        What compiles for another system than the build's is not set. A ``--define`` is set where somebody sets it; what
        other options are by default is not known.
        """
        name, value = name_and_value(option)
        if name in self.passed:
            return self.passed[name] == value
        system, is_whole = _system_named(name, value)
        if system and system != self.system:
            return False
        if is_whole:
            return True
        is_open = bool(system) or name in self.perhaps or not self.are_all
        return False if name.startswith("--define=") and not is_open else None


def name_and_value(option: str) -> tuple[str, str]:
    """``--define=a`` and ``b`` of ``--define=a=b``, ``--cpu`` and ``x86`` of ``--cpu=x86``."""
    start = "--define=" if option.startswith("--define=") else ""
    name, _, value = option.removeprefix(start).partition("=")
    return f"{start}{name}", value


def names_a_system(option: str) -> bool:
    """Whether an option says for what a build compiles, which the profile says, too."""
    return option in ("--crosstool_top", "--cpu", "--apple_platform_type")


def _system_named(name: str, value: str) -> tuple[str, bool]:
    """The system that an option names, empty where it names none, and whether a build for that has it set surely."""
    if name == "--crosstool_top":
        return _CROSSTOOLS.get(value, ""), value in _CROSSTOOLS
    if name == "--apple_platform_type":
        return value, True
    if name.startswith(_CONSTRAINT):
        return name.removeprefix(_CONSTRAINT), True
    if name == "--cpu":
        return next((system for start, system in _CPUS if value.startswith(start)), ""), False
    return (value, False) if name.startswith("--define=") and value in _PHONES else ("", False)


def any_of(parts: Iterable[bool | None]) -> bool | None:
    """Whether one of them is so; None where that is not known."""
    found = set(parts)
    return True if True in found else None if None in found else False


def all_of(parts: Iterable[bool | None]) -> bool | None:
    """Whether all of them are so; None where that is not known."""
    found = set(parts)
    return False if False in found else None if None in found else True
