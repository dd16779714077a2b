"""Archives of objects for tests, as GNU's and BSD's ar write them, whole or thin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def gnu_archive(members: Mapping[str, bytes] | Sequence[tuple[str, bytes]]) -> bytes:
    """An archive with a symbol table and, where a name needs it, a table of long names."""
    pairs = list(members.items()) if isinstance(members, Mapping) else list(members)
    names, fields = _long_names([name for name, _ in pairs], always=False)
    parts = [_member("/", b"\0\0\0\0")]
    if names:
        parts.append(_member("//", names))
    parts += [_member(field, content) for field, (_, content) in zip(fields, pairs, strict=True)]
    return b"!<arch>\n" + b"".join(parts)


def bsd_archive(members: Mapping[str, bytes]) -> bytes:
    """An archive with its symbol table; all names stand in front of the members' bytes."""
    parts = [_bsd("__.SYMDEF SORTED", bytes(8))]
    parts += [_bsd(name, content) for name, content in members.items()]
    return b"!<arch>\n" + b"".join(parts)


def thin_archive(members: Mapping[str, int], nested: Mapping[str, int] | None = None) -> bytes:
    """An archive that has only the names and sizes of its members; ``nested`` says where they stand in others."""
    names, fields = _long_names(list(members), always=True)
    parts = [_member("/", b"\0\0\0\0"), _member("//", names)]
    for field, (name, size) in zip(fields, members.items(), strict=True):
        place = f":{nested[name]}" if nested and name in nested else ""
        parts.append(_header(field + place, size))
    return b"!<thin>\n" + b"".join(parts)


def _long_names(names: Sequence[str], *, always: bool) -> tuple[bytes, list[str]]:
    text, fields = b"", []
    for name in names:
        if always or len(name) > 15:
            fields.append(f"/{len(text)}")
            text += name.encode() + b"/\n"
        else:
            fields.append(name + "/")
    return text, fields


def _header(name: str, size: int) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{'644':<8}{size:<10}`\n".encode()


def _member(name: str, content: bytes) -> bytes:
    return _header(name, len(content)) + content + b"\n" * (len(content) % 2)


def _bsd(name: str, content: bytes) -> bytes:
    spelled = name.encode() + b"\0" * (-len(name) % 4)
    return _member(f"#1/{len(spelled)}", spelled + content)
