"""What models are called in outputs, which must not depend on where they lie."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kernel_index.shown import shown_path


def model_names(models: Sequence[str]) -> dict[str, str]:
    """What each path is called in the output: its file name, with as many folders as make it the only one.

    Outputs must not depend on where a checkout lies, so no name is an absolute path. A model named twice counts once.
    """
    first: dict[str, str] = {}
    for path in models:
        first.setdefault(path if "://" in path else os.path.realpath(path), path)
    unnamed: dict[str, Sequence[str]] = {}
    alike: Counter[str] = Counter()
    for path in first.values():
        shown = shown_path(path)
        alike[shown] += 1
        # Of URLs that differ in their secrets only, each later one has its number.
        number = f" ({alike[shown]})" if alike[shown] > 1 else ""
        unnamed[path] = f"{shown}{number}".split("/") if "://" in path else Path(path).absolute().parts
    names = dict.fromkeys(unnamed, "")
    depth = 0
    while unnamed:
        depth += 1
        endings = {path: "/".join(parts[-depth:]) for path, parts in unnamed.items()}
        shared = Counter(endings.values())
        for path, ending in endings.items():
            if shared[ending] == 1:
                names[path] = ending
                del unnamed[path]
    return names


def shown_name(path: str) -> str:
    """What commands in advice call a model: outputs hold no absolute path, as they must not depend on the place."""
    return Path(path).name if Path(path).is_absolute() else shown_path(path)
