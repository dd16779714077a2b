"""Our own protobuf schemas: wire-compatible with TensorFlow's, in our own package and our own descriptor pool.

The ``.proto`` files beside this module are the source; ``schema.binpb`` is the descriptor set that ``regenerate``
makes of them. Classes are built from it at run time, because a descriptor set, unlike generated Python, loads with
every protobuf from 4.25 on, also in a process that has TensorFlow's messages loaded.
"""

from opselect.models.proto.schema import SCHEMA_FILES, SCHEMA_PATH, message_class, pool

__all__ = ["SCHEMA_FILES", "SCHEMA_PATH", "message_class", "pool"]
