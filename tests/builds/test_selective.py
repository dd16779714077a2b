"""Selective registration: the index spells kernel classes as the compiler does, so a header of them picks kernels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kernel_index.build_files import MAKEFILE_LIST
from kernel_index.index import MemoryIndex
from kernel_index.records import ScanResult
from opselect.models.choice import Choice
from opselect.requirements.of_many_models import collect_model
from opselect.selection.select import select
from tests.builds.builders import Make, copy_tree, skip_without
from tests.builds.run_graph import MODELS, as_rows, differences, registered, run_graph, run_model

OPS_TO_REGISTER = """\
#pragma once

// Equal but for blanks.
constexpr bool Same(const char* one, const char* other) {{
  while (true) {{
    while (*one == ' ') ++one;
    while (*other == ' ') ++other;
    if (*one != *other) return false;
    if (*one == 0) return true;
    ++one;
    ++other;
  }}
}}

constexpr const char* kOps[] = {{{ops}}};
constexpr const char* kKernelClasses[] = {{{classes}}};

template <int N>
constexpr bool IsAmong(const char* name, const char* const (&names)[N]) {{
  for (int i = 0; i < N; ++i) {{
    if (Same(name, names[i])) return true;
  }}
  return false;
}}

#define SHOULD_REGISTER_OP(op) IsAmong(op, kOps)
#define SHOULD_REGISTER_OP_KERNEL(kernel_class) IsAmong(kernel_class, kKernelClasses)
#define SHOULD_REGISTER_OP_GRADIENT false
"""


HELPERS = {"tensorflow/core/kernels/ops_util.cc", "tensorflow/core/util/scan_order.cc"}
"""What the makefile does not compile and the kernels of the model need."""


def literals(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(set(names)))


def test_only_selected_kernels_are_registered(tmp_path: Path, scanned: ScanResult) -> None:
    builder = Make(copy_tree(tmp_path / "tree"), profile="selective")
    skip_without(builder.missing_tools())
    index = MemoryIndex(scanned)
    model = str(MODELS["running_total"])
    needed = collect_model(model, model, index=index, choice=Choice()).without_inserted()
    kernels = [kernel.registration for kernel in select(needed, index, builder.profile).kernels]
    ops, classes = {kernel.op for kernel in kernels}, {kernel.kernel_class for kernel in kernels}
    (builder.tree / "ops_to_register.h").write_text(
        OPS_TO_REGISTER.format(ops=literals(ops), classes=literals(classes))
    )
    operators = {definition.location.file for definition in scanned.op_definitions}
    sources = {kernel.source for kernel in kernels} | operators | HELPERS
    (builder.tree / MAKEFILE_LIST).write_text("".join(f"{path}\n" for path in sorted(sources)))

    program = builder.build()

    assert differences(run_model(program, "running_total"), "running_total") == []
    assert sorted(run_graph(program, "--ops").out.split()) == sorted(ops)
    of_profile = [r for r in scanned.registrations if builder.profile in r.profiles and r.source in sources]
    assert registered(program) == as_rows(r for r in of_profile if r.system or r.kernel_class in classes)
    assert len(registered(program)) < len(of_profile)
