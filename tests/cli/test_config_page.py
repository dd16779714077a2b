"""docs/config.md: its tables are those of the keys, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.commands_page import copy_models
from tests.cli.config_page import PAGE, refreshed
from tests.cli.conftest import Cli


def test_the_tables_are_those_of_the_keys() -> None:
    assert refreshed(PAGE.read_text()) == PAGE.read_text()
    assert PAGE.read_text().count("<!-- keys:") == 6


def test_the_example_works(cli: Cli) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    copy_models(Path())
    Path("opselect.yaml").write_text(example)
    outcome = cli("generate")
    assert outcome.code == 0, outcome.err
    written = {"build_lists/kernels.BUILD", "build_lists/manifest.json", "full/kernel_files.txt"}
    assert {path for path in written if Path(path).is_file()} == written
