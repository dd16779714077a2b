"""Types in mangled names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from opselect.binaries.names.cursor import Cursor, Piece, UnreadableError
from opselect.binaries.names.words import BUILTIN, BUILTIN_D

Changed = Callable[[Piece], Piece]

_QUALIFIERS = {"r": " restrict", "V": " volatile", "K": " const"}


class TypeReader(Cursor, ABC):
    """Reads types; names and expressions within them are for the classes below."""

    @abstractmethod
    def class_name(self) -> Piece:
        """``<name>`` that stands for a class or enum, in a type."""

    @abstractmethod
    def substitution(self) -> Piece:
        """``<substitution>``."""

    @abstractmethod
    def template_arguments(self) -> list[Piece]:
        """``<template-args> ::= I <template-arg>+ E``."""

    @abstractmethod
    def expression(self) -> str:
        """``<expression>``."""

    @abstractmethod
    def source_name(self) -> str:
        """``<source-name> ::= <length> <identifier>``."""

    def type(self) -> Piece:
        """``<type>``: builtin, qualified, class or enum, function, array, pointer, parameter, substitution."""
        with self.deeper():
            return self._type()

    def _type(self) -> Piece:
        here = self.here
        if here == "S" and self.name[self.at + 1 : self.at + 2] != "t":
            return self._substituted()
        if here == "D":
            return self._type_of_d()
        if here in BUILTIN:
            self.at += 1
            return Piece(BUILTIN[here])
        if here in _QUALIFIERS:
            return self.remember(self._qualified())
        if here and here in "PRO":
            self.at += 1
            mark = {"P": "*", "R": "&", "O": "&&"}[here]
            return self.remember(each(self.type(), lambda inner: pointer(inner, mark)))
        if here == "F":
            return self.remember(self.function_type())
        if here == "A":
            return self.remember(self._array())
        if here == "M":
            return self.remember(self._member_pointer())
        if here == "T" and self.name[self.at + 1 : self.at + 2] not in {"s", "u", "e"}:
            return self._parameter_type()
        if here and here in "CGuU":
            return self._rare()
        return self.class_name()

    def _substituted(self) -> Piece:
        """A substitution, perhaps of a template whose arguments follow."""
        found = self.substitution()
        if self.here != "I":
            return found
        return self.remember(with_arguments(found, self.template_arguments()))

    def _parameter_type(self) -> Piece:
        """``<template-param>``, perhaps a template template parameter with arguments."""
        found = self.remember(self.parameter())
        if self.here == "I" and not self.in_conversion:
            return self.remember(with_arguments(found, self.template_arguments()))
        return found

    def parameter(self) -> Piece:
        """``<template-param> ::= T [<number>] _``."""
        self.need("T")
        number = self.index()
        if self.in_lambda:
            return Piece(f"auto:{number + 1}")
        if number < len(self.arguments):
            found = self.arguments[number]
            return found._replace(open_pack=True) if found.pack is not None else found
        if self.in_conversion:
            return Piece("")
        raise UnreadableError

    def _type_of_d(self) -> Piece:
        code = self.name[self.at : self.at + 2]
        if code in BUILTIN_D:
            self.at += 2
            return Piece(BUILTIN_D[code])
        if code == "DF":
            self.at += 2
            bits = self.digits()
            return Piece("std::bfloat16_t" if self.take() == "b" else f"_Float{bits}")
        if code in {"Dt", "DT"}:
            self.at += 2
            inner = self.expression()
            self.need("E")
            return self.remember(Piece(f"decltype ({inner})"))
        if code == "Dp":
            self.at += 2
            found = self.type()
            return self.remember(
                found._replace(open_pack=False) if found.pack is not None else Piece(found.text + "...")
            )
        if code == "Dv":
            self.at += 2
            count = self.digits() if self.here.isdigit() else self.expression()
            self.need("_")
            return self.remember(Piece(f"{self.type().text} __vector({count})"))
        if code in {"Do", "DO", "Dw", "Dx"}:
            return self.remember(self.function_type())
        raise UnreadableError

    def _qualified(self) -> Piece:
        """``<qualifiers> <type>``; those of a function type belong to the member functions it stands for."""
        order = ""
        while self.here in _QUALIFIERS:
            order = _QUALIFIERS[self.take()] + order
        inner = self.type()
        words = order
        return each(inner, lambda part: qualified(part, words))

    def function_type(self) -> Piece:
        """``<function-type> ::= [<exception-spec>] [Dx] F [Y] <return type> <type>+ [<ref-qualifier>] E``."""
        exceptions = ""
        if self.skip("Do"):
            exceptions = " noexcept"
        elif self.skip("DO"):
            exceptions = f" noexcept({self.expression()})"
            self.need("E")
        elif self.skip("Dw"):
            exceptions = f" throw({', '.join(self._types())})"
        self.skip("Dx")
        self.need("F")
        self.skip("Y")
        result = self.type()
        parameters = self.parameters()
        reference = " &" if self.skip("R") else " &&" if self.skip("O") else ""
        self.need("E")
        self.spend(len(parameters))
        space = "" if result.right else " "
        return Piece(result.left + space, f"({parameters}){reference}{exceptions}" + result.right, "function")

    def parameters(self) -> str:
        """The types of parameters up to the end of the function type or of the name; ``v`` alone is none."""
        if self.here == "v" and self.name[self.at + 1 : self.at + 2] in {"", "E", "R", "O", "."}:
            self.at += 1
            return ""
        found = []
        while self.here not in {"", "E", "."} and not self._reference_at_end():
            found.append(self.type().text)
        if not found:
            raise UnreadableError
        return ", ".join(text for text in found if text)

    def _reference_at_end(self) -> bool:
        return self.starts("RE") or self.starts("OE")

    def _types(self) -> list[str]:
        found = []
        while not self.skip("E"):
            found.append(self.type().text)
        return found

    def _array(self) -> Piece:
        """``<array-type> ::= A [<number> | <expression>] _ <type>``."""
        self.need("A")
        count = self.digits() if self.here.isdigit() or self.here == "_" else self.expression()
        self.need("_")
        inner = self.type()
        space = "" if inner.encloses == "array" else " "
        return Piece(inner.left, f"{space}[{count}]{inner.right.lstrip()}", "array")

    def _member_pointer(self) -> Piece:
        """``<pointer-to-member-type> ::= M <class type> <member type>``."""
        self.need("M")
        owner, member = self.type().text, self.type()
        if member.encloses == "function":
            return Piece(f"{member.left}({owner}::*", ")" + member.right)
        return Piece(f"{member.left} {owner}::*", member.right)

    def _rare(self) -> Piece:
        """Complex and imaginary types, vendor types and qualifiers."""
        code = self.take()
        if code in "CG":
            word = "complex" if code == "C" else "imaginary"
            return self.remember(Piece(f"{self.type().text} _{word.capitalize()}"))
        word = self.source_name()
        if code == "u":
            return self.remember(Piece(word))
        if self.here == "I":
            word += arguments_text(self.template_arguments())
        return self.remember(Piece(f"{self.type().text} {word}"))


def each(piece: Piece, change: Changed) -> Piece:
    """Changes a type, or every type of a parameter pack."""
    if piece.pack is None:
        return change(piece)
    return piece._replace(pack=tuple(each(part, change) for part in piece.pack))


def pointer(inner: Piece, mark: str) -> Piece:
    """A pointer or reference to a type. References to references collapse ([dcl.ref])."""
    if inner.encloses:
        space = " " if inner.encloses == "array" else ""
        return Piece(f"{inner.left}{space}({mark}", ")" + inner.right)
    if "&" in mark and inner.left.endswith("&"):
        base = inner.left.removesuffix("&").removesuffix("&")
        return Piece(base + ("&&" if mark == "&&" and inner.left.endswith("&&") else "&"), inner.right)
    return Piece(inner.left + mark, inner.right)


def qualified(inner: Piece, words: str) -> Piece:
    """A type with ``const``, ``volatile`` or ``restrict`` behind it, each once."""
    if inner.encloses == "function":
        return inner._replace(right=inner.right + words)
    left = inner.left
    for word in words.split():
        if not left.endswith(" " + word):
            left += " " + word
    return inner._replace(left=left)


def with_arguments(template: Piece, arguments: list[Piece]) -> Piece:
    """A template with its arguments."""
    return Piece(template.text + arguments_text(arguments))


def arguments_text(arguments: list[Piece]) -> str:
    """Template arguments with their brackets."""
    return "<" + ", ".join(text for argument in arguments if (text := argument.text)) + ">"
