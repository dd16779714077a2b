"""Makes ``schema.binpb`` of the ``.proto`` files: run ``python -m opselect.models.proto.regenerate`` after a change.

Needs grpcio-tools, which brings the protobuf compiler.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from kernel_index.whole_files import write_whole
from opselect.models.proto.schema import FOLDER, SCHEMA_FILES, SCHEMA_PATH


def compile_schemas() -> bytes:
    """The serialised ``FileDescriptorSet`` of the ``.proto`` files; CalledProcessError if the compiler objects."""
    folder = SCHEMA_PATH.parent
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / SCHEMA_PATH.name
        command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--descriptor_set_out={output}"]
        files = [f"{FOLDER}/{name}" for name in SCHEMA_FILES]
        subprocess.run([*command, *files], cwd=folder.parents[2], check=True)
        return output.read_bytes()


def main() -> None:
    write_whole(SCHEMA_PATH, compile_schemas())


if __name__ == "__main__":
    main()
