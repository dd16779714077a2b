"""What a text of C++ declares, defines and mentions, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kernel_index.symbols.heads import Head, Kind, read_head, tokens_of
from kernel_index.symbols.outline import Declaration, declarations
from kernel_index.symbols.words import types_in, words_of

_ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")

MAX_NESTING = 100

ALL = "*"
"""Stands for every member of a class, as an explicit instantiation defines them."""

_NOT_DEFINED_ONCE = frozenset(("inline", "constexpr"))
_VIRTUAL = frozenset(("virtual", "override", "final"))

Signatures = dict[str, set[str]]
"""Symbol to the parameter lists that it stands with."""

Mentions = dict[str, set[str]]
"""The name of a declaration to the words that it mentions."""


@dataclass(slots=True)
class SymbolTable:
    """The symbols of a text.

    A symbol is the name of a function or variable, a member's with that of its class in front, that of an operator
    outside classes followed by its parameters; namespaces and template arguments are left out.
    """

    entities: Mentions = field(default_factory=dict)
    """Classes, functions, variables and aliases to the words that each mentions."""
    declared: Signatures = field(default_factory=dict)
    """Symbols that are declared and not defined in the same place."""
    implied: set[str] = field(default_factory=set)
    """Members that whoever uses the class needs, named or not: constructors, virtual functions, operators."""
    bodies: Signatures = field(default_factory=dict)
    """Definitions for all template arguments: who has them needs none from elsewhere."""
    defined: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    """Symbols that the text's object file defines for others, each with the data types of instantiations.

    No types are any: those that a macro fills in, and what is no template.
    """
    generic: set[str] = field(default_factory=set)
    """Definitions of templates, which an object file has where something instantiates them."""
    specialized: Mentions = field(default_factory=dict)
    """Specialisations of class templates to the words that each mentions."""
    primary: set[str] = field(default_factory=set)
    """Classes that are declared and no specialisation."""
    extern: set[str] = field(default_factory=set)
    """What ``extern template`` names."""
    roots: set[str] = field(default_factory=set)
    """Words of what is compiled whether anything mentions it or not."""


def member(owner: str, name: str) -> str:
    """The symbol of a member: its class and its own name, nothing further out."""
    return f"{owner}::{name}" if owner else name


def read_symbols(text: str) -> SymbolTable:
    """The symbols of a text without literals."""
    table = SymbolTable()
    for declaration in declarations(text):
        _add(table, declaration)
    return table


def _add(table: SymbolTable, declaration: Declaration) -> None:
    head = read_head(tokens_of(declaration.head))
    words = words_of(declaration.head)
    if declaration.body:
        words |= words_of(declaration.body)
    owner = head.qualifiers[-1] if head.qualifiers else ""
    if head.kind is Kind.CLASS:
        if not head.arguments:
            table.primary.add(head.name)
        if declaration.body is not None and head.name:
            words = words_of(declaration.head) | _add_class(table, head, declaration.body)
            _mention(table.entities, head.name, words)
            if head.arguments:
                _mention(table.specialized, head.name, words)
    elif head.kind is Kind.ALIAS:
        _mention(table.entities, head.name, words)
    elif head.kind in (Kind.INSTANTIATION, Kind.EXTERN_INSTANTIATION):
        symbol = member(head.name, ALL) if head.words else member(owner, head.name)
        if head.kind is Kind.INSTANTIATION:
            table.defined.setdefault(symbol, set()).add(types_in(head.arguments))
            table.roots |= words
        else:
            table.extern.add(symbol)
    elif _is_macro_call(head, declaration):
        table.roots |= words
    elif head.kind in (Kind.FUNCTION, Kind.VARIABLE):
        _mention(table.entities, owner or head.name, words)
        symbol = member(owner, _name(head))
        if head.kind is Kind.FUNCTION:
            _add_function(table, symbol, head, declaration, words)
        else:
            _add_variable(table, symbol, head, declaration, words)
    else:
        table.roots |= words


def _name(head: Head) -> str:
    """The name of a function or variable; operators outside classes differ by what they take."""
    if head.name.startswith("operator") and not head.qualifiers:
        return f"{head.name}({head.signature})"
    return head.name


def _is_macro_call(head: Head, declaration: Declaration) -> bool:
    """Whether what looks like a function is none: it has no type in front of its name."""
    plain = head.kind is Kind.FUNCTION and declaration.body is None and not head.qualifiers
    return plain and not head.template and head.words <= {head.name}


def _mention(mentions: Mentions, name: str, words: set[str]) -> None:
    known = mentions.get(name)
    mentions[name] = words if known is None else known | words


def _sign(signatures: Signatures, symbol: str, signature: str) -> None:
    signatures.setdefault(symbol, set()).add(signature)


def _add_function(table: SymbolTable, symbol: str, head: Head, declaration: Declaration, words: set[str]) -> None:
    # A template and a function that is none are two overloads; whether a member's class is one does not show inside.
    signature = head.signature if head.qualifiers else f"{'template ' * head.template}{head.signature}"
    hidden = _is_internal(head, declaration)
    if declaration.body is None:
        if not hidden and not head.specialization:
            _sign(table.declared, symbol, signature)
        return
    if not head.specialization:
        _sign(table.bodies, symbol, signature)
    if hidden or "inline" in head.words or "constexpr" in head.words:
        return
    if head.template and not head.specialization:
        table.generic.add(symbol)
    else:
        table.defined.setdefault(symbol, set()).add(())
        table.roots |= words


def _is_internal(head: Head, declaration: Declaration) -> bool:
    """Whether only the file itself can name it ([basic.link])."""
    return declaration.hidden or ("static" in head.words and not head.qualifiers)


def _add_variable(table: SymbolTable, symbol: str, head: Head, declaration: Declaration, words: set[str]) -> None:
    if "extern" in head.words and not head.initialized and declaration.body is None:
        _sign(table.declared, symbol, "")
        return
    if not head.specialization:
        _sign(table.bodies, symbol, "")
    if "constexpr" not in head.words:
        table.roots |= words
    if head.template and not head.specialization:
        table.generic.add(symbol)
    elif not (_is_internal(head, declaration) or head.words & _NOT_DEFINED_ONCE):
        table.defined.setdefault(symbol, set()).add(())


def _add_class(table: SymbolTable, owner: Head, body: str, depth: int = 0) -> set[str]:
    """Add the members of a class; returns the words that they mention, without the names that they declare only.

    Classes within more than ``MAX_NESTING`` others have no members that count.
    """
    if depth > MAX_NESTING:
        return words_of(body)
    mentioned: set[str] = set()
    for part in declarations(_ACCESS.sub(" ", body)):
        tokens = tokens_of(part.head)
        head = read_head(tokens)
        words = words_of(part.head)
        if head.kind is Kind.CLASS and part.body is not None and head.name:
            inner = words | _add_class(table, head, part.body, depth + 1)
            _mention(table.entities, head.name, inner | {owner.name})
            words = {head.name}
        elif part.body is not None:
            words |= words_of(part.body)
        if head.kind is Kind.ALIAS:
            _mention(table.entities, head.name, words)
        elif head.kind is Kind.FUNCTION and not head.qualifiers:
            if part.body is None:
                _declare_member(table, owner.name, head, tokens)
                words.discard(head.name)
            elif owner.general:
                _sign(table.bodies, member(owner.name, head.name), head.signature)
        elif head.kind is Kind.VARIABLE and "static" in head.words and not head.qualifiers:
            _sign(table.declared, member(owner.name, head.name), "")
            words.discard(head.name)
        mentioned |= words
    return mentioned


def _declare_member(table: SymbolTable, owner: str, head: Head, tokens: Sequence[str]) -> None:
    if "friend" in tokens:
        _sign(table.declared, _name(head), f"{'template ' * head.template}{head.signature}")
        return
    if tokens[-2] == "=":  # pure, deleted or defaulted
        return
    symbol = member(owner, head.name)
    _sign(table.declared, symbol, head.signature)
    if head.name.lstrip("~") == owner or head.name.startswith("operator") or not _VIRTUAL.isdisjoint(tokens):
        table.implied.add(symbol)
