"""Documents made by hand: one whose numbers can be seen at a glance, one with names that attack, one that is large."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from opselect.report.document import (
    BudgetRow,
    ChangeRow,
    Changes,
    Column,
    Document,
    Figure,
    Going,
    GoingRow,
    ModelRow,
    PageTable,
    Remark,
    Tree,
    TypeMatrix,
)

OPS = (
    ("MatMul", 5_200_000, 6_000_000, 12, "needed"),
    ("Conv2D", 3_100_000, 3_500_123, 8, "needed"),
    ("Cumsum", 900_000, 1_234_567, 6, "unused"),
    ("Relu", 400_000, 410_000, 4, "needed"),
    ("RaggedGather", 250_000, 260_000, 3, "unused"),
    ("Softplus", 903, 903, 1, "unused"),
)
"""Name, own bytes, what would go, kernels, state."""

UNKNOWN = 1_500_000
"""Bytes of the small document that belong to no op."""


Node = tuple[str, int, int, int | None, int | None, str, str]
"""Name, parent, own, retained, kernels, details, state."""


def nodes(name: str, label: str, rows: Sequence[Node]) -> Tree:
    """A tree of rows."""
    names, parents, own, retained, kernels, details, states = zip(*rows, strict=True)
    note = f"Bytes {label[0].lower()}{label[1:]}."
    return Tree(name, label, note, names, parents, own, retained, kernels, details, states)


def small() -> Document:
    """An audit of six ops, over its budget."""
    total = sum(own for _, own, *_ in OPS) + UNKNOWN
    by_op: list[Node] = [("libsmall.so", -1, 0, None, 34, "", "")]
    by_op += [("ops", 0, 0, None, 34, "", ""), ("[belongs to no op alone]", 0, UNKNOWN, None, 0, "", "")]
    for op, own, retained, kernels, state in OPS:
        place = len(by_op)
        by_op.append(
            (op, 1, own - own // 3 * 2, retained, kernels, f"tensorflow/core/kernels/{op.lower()}_op.cc", state)
        )
        by_op += [
            (f"{op} {dtype}", place, own // 3, own // 4, 1, f"{op}Op<CPUDevice, {dtype}>", state)
            for dtype in ("float", "half")
        ]
    by_section: list[Node] = [("libsmall.so", -1, 0, None, 34, "", "")]
    by_section += [
        (".text", 0, total - 2_000_000, None, 0, "", ""),
        (".rodata", 0, 1_500_000, None, 0, "", ""),
        (".data.rel.ro", 0, 500_000, None, 0, "", ""),
    ]
    return Document(
        kind="audit",
        title="libsmall.so",
        subtitle="TensorFlow 2.14.1 (inferred), arm64-v8a, stripped",
        made_by="opselect 0.0",
        figures=(
            Figure("Total", total, "bytes", "all sections, symbols and padding", "bad"),
            Figure("Kernels", 34, "count", "of 6 ops"),
            Figure("Would go", 1_495_470, "bytes", "needed by no model"),
            Figure("Missing", 1, "count", "kernels that the models need", "bad"),
            Figure("Since 2024-11", -120_500, "bytes", "smaller than libold.so", "good"),
            Figure("Linked", "by function", "text", "the linker drops what nothing leads to"),
        ),
        budget=(
            BudgetRow("total size", total, 10_000_000, True, "budget.yaml:1", "Take out what no model needs."),
            BudgetRow("what would go without Conv2D", 3_500_123, 4_500_000, False),
            BudgetRow("growth of the total", -120_500, 100_000, False),
        ),
        would_go=Going(
            1_495_470,
            "What no model needs, all of it together.",
            tuple(
                GoingRow(f"{op.lower()}_op.cc", retained, f"{op}, {kernels} kernels", f'-    "{op.lower()}_op.cc",\n')
                for op, _, retained, kernels, state in OPS
                if state == "unused"
            ),
        ),
        diff=Changes(
            "libold.so",
            -120_500,
            (ChangeRow("BatchMatMul", "gone", 0, 0, 0), ChangeRow("MatMul", "grown", 5_200_000, 6_000_000, 12)),
            (
                Remark(
                    "OPS528",
                    "check",
                    "8 more kernels of MatMul, for types of desktop builds.",
                    "Build with ANDROID_TYPES_SLIM.",
                ),
            ),
        ),
        findings=(
            Remark("OPS404", "missing", "Relu has no kernel for DT_HALF.", "Build with more types."),
            Remark("OPS522", "check", "1,200,000 bytes of symbols.", "Strip the library."),
            Remark("", "unknown", "2 kernels could not be decoded.", ""),
        ),
        trees=(nodes("op", "By op", by_op), nodes("section", "By section", by_section)),
        matrix=TypeMatrix(
            ("DT_FLOAT", "DT_HALF", "DT_INT32", "any"),
            (
                ("MatMul", "nuu."),
                ("Conv2D", "nu.."),
                ("Cumsum", "uuu."),
                ("Relu", "nm.."),
                ("RaggedGather", "...u"),
                ("Softplus", "u?.."),
            ),
            "Kernels of the library and of the models.",
        ),
        tables=(
            PageTable(
                "ops",
                "Ops",
                (
                    Column("op", "Op", "text"),
                    Column("own", "Own bytes", "bytes"),
                    Column("retained", "Would go", "bytes"),
                    Column("kernels", "Kernels", "count"),
                    Column("state", "State", "state"),
                ),
                OPS,
            ),
            PageTable(
                "files",
                "Files",
                (Column("file", "File", "text"), Column("own", "Own bytes", "bytes")),
                tuple((f"tensorflow/core/kernels/file_{number:02}.cc", number * 1000) for number in range(1, 41)),
                more=7,
            ),
        ),
        models=(
            ModelRow("detector.tflite", "TOCO 2.14", "serving_default", 4, 120, "0123456789abcdef" * 4),
            ModelRow("speech.pb", "TensorFlow 1.15", "", None, None, "", "read without signatures"),
        ),
    )


HOSTILE = (
    "</script><img src=x onerror=document.title='owned'>",
    "<script>document.title='owned'</script>",
    "{{7*7}}{% raw %}${7*7}",
    "\u202egnp.exe",
    "nul\x00 bell\x07 escape\x1b[31m",
    "<!--<script>",
    "emoji 🧠👩‍👩‍👧 ",
    "lone \udc80 \ud83d",
    "\u2028line\u2029separators",
    "__proto__",
    "constructor",
    "\"quotes' & &amp; \\u003c",
    "javascript:document.title='owned'",
    "x" * 1_000_000,
    "",
)
"""Names that somebody may give an op, a file or a model."""


def hostile() -> Document:
    """The small document with each name in every place where a name can stand."""
    base = small()
    rows: list[Node] = [(HOSTILE[0], -1, 0, None, 1, "", "")]
    rows += [
        (name, 0, 50_000 + place, None, 1, name, name if place % 2 else "unused") for place, name in enumerate(HOSTILE)
    ]
    return dataclasses.replace(
        base,
        title=HOSTILE[0],
        subtitle=HOSTILE[3] + HOSTILE[1],
        figures=tuple(Figure(name, name, "text", name) for name in HOSTILE),
        budget=tuple(BudgetRow(name, 2, 1, True, name, name) for name in HOSTILE),
        would_go=Going(5, HOSTILE[2], tuple(GoingRow(name, 5, name, name) for name in HOSTILE)),
        diff=Changes(HOSTILE[1], 1, tuple(ChangeRow(name, name, 1, 1, 1) for name in HOSTILE)),
        findings=tuple(Remark(name, "note", name, name) for name in HOSTILE),
        trees=(nodes("op", "By op", rows),),
        matrix=TypeMatrix(("DT_FLOAT", HOSTILE[0]), tuple((name, "nm") for name in HOSTILE), HOSTILE[0]),
        tables=(
            PageTable(
                "ops",
                HOSTILE[0],
                (Column("op", HOSTILE[1], "text"), Column("state", "State", "state")),
                tuple((name, name) for name in HOSTILE),
            ),
        ),
        models=tuple(ModelRow(name, name, name, 1, 1, name, name) for name in HOSTILE),
    )


def large(ops: int = 1300, kernels: int = 10_600, files: int = 6500) -> Document:
    """As much as a library of TensorFlow with everything in it has."""
    chance = random.Random(17)
    dtypes = (
        *(f"DT_{kind}{bits}" for kind in ("INT", "UINT", "QINT", "FLOAT", "COMPLEX") for bits in (8, 16, 32, 64)),
        "any",
    )
    names = [f"Operation{number}" + "ForSomething" * (number % 3) for number in range(ops)]
    rows: list[Node] = [("libtensorflow_cc.so.2", -1, 9_000_000, None, kernels, "", "")]
    of_op = [0] * ops
    for _ in range(kernels):
        of_op[min(int(chance.expovariate(6 / ops)), ops - 1)] += 1
    for op, count in zip(names, of_op, strict=True):
        place = len(rows)
        state = chance.choice(("needed", "unused"))
        rows.append((op, 0, 300, chance.randrange(100_000), count, f"tensorflow/core/kernels/{op.lower()}.cc", state))
        for _ in range(count):
            kernel = f"{op} CPU {op}Op<CPUDevice, {chance.choice(dtypes).lower()}>"
            rows.append(
                (kernel, place, int(chance.paretovariate(0.9) * 4000), chance.randrange(9000), 1, kernel, state)
            )
    folders = [f"tensorflow/core/part{number}" for number in range(40)]
    by_file: list[Node] = [("libtensorflow_cc.so.2", -1, 0, None, kernels, "", "")]
    by_file += [(folder, 0, 0, None, 0, "", "") for folder in folders]
    file_rows = []
    for number in range(files):
        folder = min(int(chance.expovariate(0.2)), 39)
        own = int(chance.paretovariate(0.8) * 3000)
        by_file.append(
            (f"{folders[folder]}/source_of_something_{number}.cc", 1 + folder, own, own // 2, 1, "", "needed")
        )
        file_rows.append((by_file[-1][0], own, own // 2, 1))
    own_of_op = {op: own for op, _, own, *_ in rows}
    base = small()
    return dataclasses.replace(
        base,
        title="libtensorflow_cc.so.2",
        trees=(nodes("op", "By op", rows), nodes("file", "By file", by_file), base.trees[1]),
        matrix=TypeMatrix(dtypes, tuple((op, "".join(chance.choice("nu....") for _ in dtypes)) for op in names)),
        tables=(
            PageTable(
                "ops",
                "Ops",
                base.tables[0].columns,
                tuple(
                    (op, own_of_op[op], own_of_op[op], count, "unused") for op, count in zip(names, of_op, strict=True)
                ),
            ),
            PageTable(
                "files",
                "Files",
                (
                    *base.tables[1].columns,
                    Column("retained", "Would go", "bytes"),
                    Column("kernels", "Kernels", "count"),
                ),
                tuple(file_rows),
            ),
            PageTable(
                "kernels", "Kernels", base.tables[1].columns, tuple((row[0], row[2]) for row in rows if row[1] > 0)
            ),
        ),
    )


def only_tree(tree: Tree) -> Document:
    """A document that has a tree and nothing else."""
    nothing = dataclasses.replace(small(), figures=(), budget=None, would_go=None, diff=None, findings=())
    return dataclasses.replace(nothing, trees=(tree,), matrix=None, tables=(), models=())


def with_much_to_go(count: int) -> Document:
    """The small document with many files that would go."""
    rows = tuple(GoingRow(f"file_{number}.cc", number, "Op", f"- file_{number}.cc") for number in range(count))
    return dataclasses.replace(small(), would_go=Going(None, "", rows))
