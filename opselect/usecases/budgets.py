"""Is a build larger than its project allows?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kernel_index.records import Location
from kernel_index.records_json import Json
from opselect.build_lists.manifest import manifest_files
from opselect.config_file import ConfiguredTarget
from opselect.findings import Finding
from opselect.findings.mends import change_model
from opselect.usecases.select_kernels import BuildAnswer


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A budget of a target that its build exceeds: what is counted, how many there are and how many there may be."""

    target: ConfiguredTarget
    budget: str
    number: int
    most: int

    @property
    def finding(self) -> Finding:
        """The same as a finding, at the line of the configuration."""
        spot = self.target.spot_of(f"budgets.{self.budget}")
        return Finding(
            "OPS601",
            f"{spot.where}: the build of {self.target.own.spot.where} has {self.number}, more than {self.most}",
            entry=self.budget,
            places=(Location(spot.file, spot.line),),
            mends=(
                change_model(
                    "Take out of the models what brings them in (the manifest names the nodes), or raise the number."
                ),
            ),
        )

    def to_json(self) -> Json:
        """A row of ``over_budget``."""
        finding = self.finding
        return {
            "target": self.target.number,
            "budget": self.budget,
            "number": self.number,
            "most": self.most,
            "file": finding.place.file,
            "line": finding.place.line,
            "reason": finding.reason,
            "advice": finding.advice,
            "code": finding.code,
            "kind": finding.kind,
            "applicability": finding.applicability,
            "mends": [mend.to_json() for mend in finding.mends],
        }


def exceeded(found: BuildAnswer, target: ConfiguredTarget) -> Iterator[Exceeded]:
    """The budgets of a target that the build for it exceeds, by name."""
    for budget, most in target.budgets:
        number = NUMBERS[budget](found, target)
        if number > most:
            yield Exceeded(target, budget, number, most)


def _kernels(found: BuildAnswer, _target: ConfiguredTarget) -> int:
    return len(found.selection.kernels)


def _ops(found: BuildAnswer, _target: ConfiguredTarget) -> int:
    return len({kernel.registration.op for kernel in found.selection.kernels})


def _files(found: BuildAnswer, target: ConfiguredTarget) -> int:
    files = manifest_files(found.selection, found.index, target.mode, target.keep_core)
    return len({file.path for file in files})


def _kernel_files(found: BuildAnswer, _target: ConfiguredTarget) -> int:
    return sum(file.role == "kernel" for file in found.selection.files)


def _left_out_ops(found: BuildAnswer, _target: ConfiguredTarget) -> int:
    return len({each.op for each in found.criteria})


NUMBERS: Mapping[str, Callable[[BuildAnswer, ConfiguredTarget], int]] = {
    "kernels": _kernels,
    "ops": _ops,
    "files": _files,
    "kernel_files": _kernel_files,
    "left_out_ops": _left_out_ops,
}
"""What can be counted of a build, by the keys of ``budgets`` (:data:`opselect.config_file.keys.BUDGETS`)."""
