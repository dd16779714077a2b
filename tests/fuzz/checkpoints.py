"""Changed checkpoints: each is read or refused with an InputError, soon and without much memory.

Run ``python -m tests.fuzz.checkpoints --cases 10000 --seed 1``. Checksums would catch nearly every change, so most
cases change what is under them and make them right again: bytes of a block, keys and values of a table.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.checkpoint.table import Table
from opselect.models.storage import MemoryBytes
from tests.fuzz.changes import changed_bytes
from tests.opselect.models.formats.checkpoint_files import FIXTURES, block, table, table_of_blocks

PREFIXES = (
    "made_by_2_14/types",
    "made_by_2_14/variant",
    "made_by_2_14/partitioned",
    "made_by_2_14/old",
    "tf2_object_based/ck",
    "v1_single_file_dtypes/model.ckpt",
    "v2_partitioned_slices/model.ckpt",
)
MAX_SECONDS = 60.0
"""For one case, on a slow machine that does other things, too; nearly all take a thousandth of it."""
MAX_MEMORY = 1 << 30

Files = dict[str, bytes]


def change_file(files: Files, choose: random.Random) -> None:
    """Any byte of any file, under a checksum or not."""
    name = choose.choice(sorted(files))
    files[name] = changed_bytes(files[name], choose)


def entries_of(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(entry.key, entry.value) for entry in Table(MemoryBytes(data)).entries()]


def is_table(name: str) -> bool:
    return ".data-" not in name


def change_entries(files: Files, choose: random.Random) -> None:
    """Keys and values of a table, which is then written anew."""
    name = choose.choice([name for name in sorted(files) if is_table(name)])
    entries = entries_of(files[name])
    for _ in range(choose.choice((1, 1, 3))):
        number = choose.randrange(len(entries))
        key, value = entries[number]
        if choose.randrange(5):
            entries[number] = key, changed_bytes(value, choose)
        elif choose.randrange(2):
            entries[number] = changed_bytes(key, choose), value
        else:
            entries[number] = choose.choice(entries)
    if choose.randrange(4):
        entries.sort()
    files[name] = table(entries, per_block=choose.choice((1, 3, 100)), snappy=choose.random() < 0.3)


def change_block(files: Files, choose: random.Random) -> None:
    """Bytes of a block: lengths, shared beginnings of keys, restarts."""
    name = choose.choice([name for name in sorted(files) if is_table(name)])
    content = changed_bytes(block(entries_of(files[name]), choose.choice((1, 2, 16))), choose)
    files[name] = table_of_blocks([(b"\xff" * 20, content)], snappy=choose.random() < 0.3)


CHANGES: tuple[Callable[[Files, random.Random], None], ...] = (
    change_file,
    change_block,
    change_entries,
    change_entries,
    change_entries,
)


def run(folder: Path, *, cases: int, seed: int) -> tuple[int, int]:
    """How many of the cases could be opened, and how many variables were read; raises whatever is no InputError."""
    originals = {
        prefix: {path.name: path.read_bytes() for path in (FIXTURES / prefix).parent.glob(f"{Path(prefix).name}*")}
        for prefix in PREFIXES
    }
    opened = read = 0
    for case in range(cases):
        choose = random.Random(f"{seed} {case}")
        prefix = choose.choice(PREFIXES)
        files = dict(originals[prefix])
        choose.choice(CHANGES)(files, choose)
        for path in folder.iterdir():
            path.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        start = time.monotonic()
        try:
            names = read_all(folder / Path(prefix).name)
        except InputError:
            names = -1
        except BaseException as error:
            error.args = (*error.args, f"case {case} of seed {seed}: {prefix}")
            raise
        opened += names >= 0
        read += max(names, 0)
        if time.monotonic() - start > MAX_SECONDS:
            raise TimeoutError(f"case {case} of seed {seed} took {time.monotonic() - start:.1f} s: {prefix}")
    return opened, read


def read_all(prefix: Path) -> int:
    """How many variables of a checkpoint can be read."""
    checkpoint = open_checkpoint(prefix)
    count = 0
    for name in checkpoint:
        try:
            value = checkpoint[name]
            stored = checkpoint.stored(name)
        except InputError:
            continue
        assert (value.shape, value.dtype) == (checkpoint.shapes[name], checkpoint.dtypes[name])
        assert stored is None or stored.read() == value.tobytes()
        count += 1
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        opened, read = run(Path(folder), cases=arguments.cases, seed=arguments.seed)
    seconds = time.monotonic() - start
    print(f"{arguments.cases:,} cases in {seconds:.0f} s: {opened:,} could be opened, {read:,} variables of them read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
