"""What git says of files that are about to be edited."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kernel_index.errors import SourceTreeError

_NAMING = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"))
"""Variables by which git takes another repository, or another index, than that of the folder it is in."""

_ADVICE = "Mend that first, or write the lists elsewhere with `opselect generate`."


def changed_in_git(tree: Path, paths: Sequence[str]) -> list[str]:
    """Those of the paths, from the root of a checkout, that git says are changed; none where no work tree is there.

    Links are followed: what counts is the file that they lead to. Files that git does not know are not changed. Raises
    SourceTreeError where a ``.git`` is there and git does not answer: what it would say is not known.
    """
    return [path for path in paths if _is_changed(path, Path(os.path.realpath(tree / path)))]


def _is_changed(path: str, file: Path) -> bool:
    repository = next((folder for folder in file.parents if os.path.lexists(folder / ".git")), None)
    git = shutil.which("git")
    if git is None:
        if repository is None:
            return False
        raise SourceTreeError(path, f"is in the git work tree {repository}, and there is no git to ask", _ADVICE)
    command = [git, "--no-optional-locks", "--literal-pathspecs", "-C", str(file.parent)]
    command += ["status", "--porcelain=v1", "-z", "--no-renames", "--", file.name]
    # A hook of git has variables that name another repository.
    environment = {name: value for name, value in os.environ.items() if name not in _NAMING}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    if done.returncode == 0:
        return bool(done.stdout) and not done.stdout.startswith(b"??")
    if repository is None:
        return False
    said = done.stderr.decode(errors="replace").strip().split("\n")[0]
    problem = f"git status fails in {repository}, so nobody knows whether it has changes"
    raise SourceTreeError(path, f"{problem}: {said}" if said else problem, _ADVICE)
