"""YAML text → a tree that knows its lines; what a configuration has no use for is refused.

Read are lists, mappings and scalars in one document. Anchors, aliases and tags are refused: of aliases a short text can
make more than any memory holds, and of tags objects of a program. A key that stands twice is refused, where other
readers take the last one silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel_index.errors import InputError, Place

MAX_BYTES = 16 * 2**20
"""Of a configuration; that of 100,000 models has half of it."""

MAX_DEPTH = 20
"""Of lists and mappings in each other; a configuration has five."""


@dataclass(frozen=True, slots=True)
class YamlText:
    """A scalar: its text, and what YAML 1.1 takes it for: ``str``, ``int``, ``float``, ``bool``, ``null`` and so on."""

    text: str
    tag: str
    line: int


@dataclass(slots=True)
class YamlList:
    """The items of a list, and the line it begins in."""

    line: int
    items: list[YamlNode] = field(default_factory=list)


@dataclass(slots=True)
class YamlMap:
    """The values of a mapping by their keys, each key with its line, and the line the mapping begins in."""

    line: int
    entries: dict[str, tuple[int, YamlNode]] = field(default_factory=dict)


YamlNode = YamlText | YamlList | YamlMap


def read_yaml(path: str) -> YamlNode | None:
    """The tree of a file, None for one without content. Raises InputError for what is no such YAML, with the line."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(path, f"cannot be read: {reason}", "Check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(path, f"is larger than {MAX_BYTES:,} bytes, which no configuration is")
    return parse_yaml(data, path)


def parse_yaml(data: bytes, path: str) -> YamlNode | None:
    """The tree of a text in UTF-8; ``path`` is where it is from. Raises InputError as :func:`read_yaml` does."""
    import yaml  # takes longer to load than most commands take

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "the text is not valid UTF-8") from None
    if "\0" in text:
        # The C reader takes it for the end.
        before = text.partition("\0")[0]
        raise InputError(Place(path, before.count("\n") + 1), 'holds a NUL character, which is written "\\0" in YAML')
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return _document(loader, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise InputError(Place(path, line), f"is no YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(path, f"is no YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()


def _events(loader: Any) -> Iterator[Any]:
    while loader.check_event():
        yield loader.get_event()


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read; ``key`` is that of the value which comes next."""

    node: YamlList | YamlMap
    key: YamlText | None = None


def _document(loader: Any, path: str) -> YamlNode | None:
    import yaml

    root: YamlNode | None = None
    documents = 0
    around: list[_Open] = []
    for event in _events(loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InputError(Place(path, line), "a second document begins here; a configuration is one")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise InputError(
                Place(path, line),
                f"anchors and aliases are not taken (&{event.anchor} or *{event.anchor})",
                "Write out what they stand for. What targets have in common stands at the top level.",
            )
        if getattr(event, "tag", None) is not None:
            raise InputError(Place(path, line), f"tags are not taken ({event.tag})", "Write the value without.")
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            around.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, line, loader)
            if not around:
                root = node
            else:
                _put(around[-1], node, path)
            if not isinstance(node, YamlText):
                if len(around) >= MAX_DEPTH:
                    raise InputError(Place(path, line), f"is nested more than {MAX_DEPTH} deep")
                around.append(_Open(node))
    # An empty document is an empty scalar for YAML.
    return None if isinstance(root, YamlText) and root.tag == "null" else root


def _node(event: Any, line: int, loader: Any) -> YamlNode:
    import yaml

    if isinstance(event, yaml.SequenceStartEvent):
        return YamlList(line)
    if isinstance(event, yaml.MappingStartEvent):
        return YamlMap(line)
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    return YamlText(event.value, tag.rpartition(":")[2], line)


def _put(holder: _Open, node: YamlNode, path: str) -> None:
    if isinstance(holder.node, YamlList):
        holder.node.items.append(node)
        return
    if holder.key is None:
        if not isinstance(node, YamlText):
            raise InputError(Place(path, node.line), "a list or mapping cannot be a key")
        before = holder.node.entries.get(node.text)
        if before is not None:
            raise InputError(Place(path, node.line), f"the key {node.text!r} stands in line {before[0]} already")
        holder.key = node
        return
    holder.node.entries[holder.key.text] = (holder.key.line, node)
    holder.key = None
