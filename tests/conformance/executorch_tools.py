"""What ExecuTorch's own tools write of programs, and of the lists that opselect wrote of them.

``python executorch_tools.py PROGRAMS LISTS`` is run by an interpreter that has the package ``executorch``. LISTS has a
folder for each program with what opselect wrote, and ``together`` with what it wrote of all. Prints a JSON object: for
each of these what the tools write ``of_theirs`` and ``of_ours``.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

PRIM_OPS = "static Kernel prim_ops[] = {\n    Kernel(one),\n    Kernel(two),\n};\n"
LIST, HEADER = "selected_operators.yaml", "selected_op_variants.h"


def read_by_tools(lists: list[Path]) -> dict[str, Any]:
    """What all tools that read such a list make of it; of several, of what the tool that unites them makes."""
    from executorch.codegen.tools import (  # type: ignore[import-not-found]  # there in the Python of the wheel alone
        gen_all_oplist,
        gen_max_kernel_num,
        gen_selected_op_variants,
        gen_selected_prim_ops,
    )
    from torchgen.selective_build.selector import SelectiveBuilder  # type: ignore[import-not-found]  # likewise

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "list").write_text("\n".join(map(str, lists)))
        gen_all_oplist.main(["--output_dir", scratch, "--model_file_list_path", f"@{folder / 'list'}"])
        united = folder / LIST
        selected: Any = SelectiveBuilder.from_yaml_path(str(united)).to_dict()
        for operator in selected["operators"].values():
            del operator["debug_info"]
        gen_selected_op_variants.main(["--yaml_file_path", str(united), "--output_dir", scratch])
        (folder / "prim_ops.cpp").write_text(PRIM_OPS)
        count = gen_max_kernel_num.gen_max_kernel_num([united], folder / "prim_ops.cpp", folder / "count.h")
        names = ",".join(selected["operators"])
        gen_selected_prim_ops.main(["--prim_op_names", names, "--output_dir", scratch])
        return {
            "selected": selected,
            "header": (folder / HEADER).read_text(),
            "kernels": count,
            "prim_ops": (folder / "selected_prim_ops.h").read_text(),
        }


def oplist(path: Path, *asked: str) -> Path:
    from executorch.codegen.tools import gen_oplist

    gen_oplist.main(["--output_path", str(path), *asked])
    return path


def compared(programs: Path, written: Path) -> dict[str, Any]:
    """The answers by program."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        theirs = []
        for folder in sorted(each for each in written.iterdir() if each.name != "together"):
            path = oplist(Path(scratch, f"{folder.name}.yaml"), "--model_file_path", str(programs / folder.name))
            theirs.append(path)
            by_dict = oplist(Path(scratch, "dict.yaml"), "--ops_dict", (folder / "ops_dict.json").read_text())
            found[folder.name] = {
                "of_theirs": read_by_tools([path]),
                "of_ours": read_by_tools([folder / LIST]),
                "of_our_dict": read_by_tools([by_dict]),
            }
        found["together"] = {
            "of_theirs": read_by_tools(theirs),
            "of_ours": read_by_tools([written / "together" / LIST]),
        }
    return found


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        answers = compared(*map(Path, sys.argv[1:]))
    print(json.dumps(answers))
