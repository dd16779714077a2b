"""Whole mangled names: functions, objects, tables of virtual functions, and what is local to functions."""

from __future__ import annotations

from opselect.binaries.names.cursor import Piece, UnreadableError
from opselect.binaries.names.expressions import ExpressionReader
from opselect.binaries.names.types import arguments_text
from opselect.binaries.names.words import OF_NAME, OF_TYPE, OPERATORS, STANDARD, STANDARD_FULL


class NameReader(ExpressionReader):
    """Reads one mangled name.

    ``kind`` is what a special name is of its target (``vtable``, ``guard variable`` …), else empty; ``scope`` and
    ``member`` are the two halves of the name at its last ``::``. ``around`` are the scopes of the functions that what
    is named is local to, or that its template arguments are local to.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.kind = ""
        self.scope = ""
        self.member = ""
        self.around: list[str] = []
        self._last = ""
        """The name that a constructor has: of the class, without arguments."""
        self._returns = False
        """Whether the type that the function returns stands in front of its parameters."""
        self._suffix = ""

    def mangled_name(self) -> str:
        """``<mangled-name> ::= _Z <encoding> [. <suffix of a compiler>]``."""
        self.need("_Z")
        found = self.encoding()
        clones = ""
        while self.here == ".":
            end = self.name.find(".", self.at + 1)
            word = self.name[self.at : end if end > 0 else len(self.name)]
            # A number behind a word belongs to it: .isra.0
            while end > 0 and self.name[end + 1 : end + 2].isdigit():
                following = self.name.find(".", end + 1)
                word = self.name[self.at : following if following > 0 else len(self.name)]
                end = following
            self.at += len(word)
            clones += f" [clone {word}]"
        if self.at < len(self.name):
            raise UnreadableError
        return found + clones

    def encoding(self, *, local: bool = False) -> str:
        """``<encoding> ::= <name> [<return type>] <type>+ | <special-name>``.

        Of a function that something is ``local`` to, what it returns is not written.
        """
        with self.deeper():
            if (self.here and self.here in "TG") and (found := self._special()) is not None:
                return found
            outer = self.arguments
            name = self._name_of_encoding()
            suffix, returns = self._suffix, self._returns
            scope, member = self.scope, self.member
            if self.here in {"", "E", "."}:
                if self.here == "E":
                    self.arguments = outer
                return name
            result = self.type() if returns else None
            parameters = self.parameters()
            if self.here == "E":
                self.arguments = outer
            self.scope, self.member, self._suffix = scope, member, ""
            self.spend(len(parameters))
            text = f"{name}({parameters}){suffix}"
            return text if result is None or local else f"{result.left}{_gap(result)}{text}{result.right}"

    def _name_of_encoding(self) -> str:
        self.arguments = []
        self._returns, self._suffix = False, ""
        return self._name().text

    def _special(self) -> str | None:
        """``<special-name>``; None where the letters begin an ordinary name."""
        code = self.name[self.at : self.at + 2]
        if code[:1] == "T" and code[1:] in OF_TYPE:
            self.at += 2
            self.kind = OF_TYPE[code[1:]]
            target = self._argument().text if code == "TA" else self.type().text
            self.scope, self.member = target, ""
            return f"{self.kind} for {target}"
        if code == "TC":
            self.at += 2
            self.kind = "construction vtable"
            derived = self.type().text
            self.digits()
            self.need("_")
            base = self.type().text
            self.scope, self.member = derived, ""
            return f"construction vtable for {base}-in-{derived}"
        if code in {"Th", "Tv", "Tc"}:
            return self._thunk(code)
        for letters, words in OF_NAME.items():
            if self.skip(letters):
                self.kind = words
                target = self.encoding() if letters in {"GA", "GTt", "GTn"} else self._name().text
                return f"{words} for {target}"
        if self.skip("GR"):
            self.kind = "reference temporary"
            target = self._name().text
            return f"reference temporary #{self.sequence()} for {target}"
        return None

    def _thunk(self, code: str) -> str:
        """``Th <call-offset> <encoding>``, ``Tv`` for virtual bases, ``Tc`` with one offset more for the result."""
        self.at += 1 if code != "Tc" else 2
        for _ in range(2 if code == "Tc" else 1):
            virtual = self.take()
            if virtual not in {"h", "v"}:
                raise UnreadableError
            self.number()
            self.need("_")
            if virtual == "v":
                self.number()
                self.need("_")
        kind = {"Th": "non-virtual thunk", "Tv": "virtual thunk", "Tc": "covariant return thunk"}[code]
        target = self.encoding()
        self.kind = kind
        return f"{kind} to {target}"

    def class_name(self) -> Piece:
        """``<class-enum-type>``: a name in a type leaves scope and member of the whole name as they are."""
        kept = self.scope, self.member, self._last, self._returns, self._suffix, self.arguments
        if self.here == "T":
            self.at += 2  # Ts, Tu, Te: struct, union, enum
        found = self._name()
        self.scope, self.member, self._last, self._returns, self._suffix, self.arguments = kept
        return self.remember(found)

    def _name(self) -> Piece:
        """``<name> ::= <nested-name> | <local-name> | <unscoped-name> [<template-args>]``."""
        with self.deeper():
            if self.here == "N":
                return self._nested()
            if self.here == "Z":
                return self._local()
            prefix = ""
            if self.here == "S" and not self.starts("St"):
                found = self.substitution()
            else:
                prefix = "std" if self.skip("St") else ""
                word = self._unqualified()
                found = Piece(f"{prefix}::{word}" if prefix else word)
                if self.here == "I":
                    self.remember(found)
            self.scope, self.member = prefix, found.text.removeprefix("std::") if prefix else found.text
            if self.here == "I":
                arguments = self._own_arguments()
                found = Piece(found.text + arguments)
                self.member += arguments
            return found

    def _own_arguments(self) -> str:
        """Template arguments of a name that is not in a type: parameters of its function type mean them."""
        returns = not self._special_member
        arguments = self.template_arguments()
        self.arguments = arguments
        self._returns = returns
        return arguments_text(arguments)

    _special_member = False
    """Whether the last name was a constructor, a destructor or a conversion, which return nothing."""

    def _nested(self) -> Piece:
        """``<nested-name> ::= N [<qualifiers>] [<ref-qualifier>] <prefix> <unqualified-name> [<template-args>] E``."""
        self.need("N")
        suffix = ""
        while (here := self.here) and here in "rVK":
            suffix = {"r": " restrict", "V": " volatile", "K": " const"}[self.take()] + suffix
        suffix += " &" if self.skip("R") else " &&" if self.skip("O") else ""
        found = scope = member = ""
        self._returns = False
        while not self.skip("E"):
            here = self.here
            if here == "I":
                if not found:
                    raise UnreadableError
                arguments = self._own_arguments()
                found, member = found + arguments, member + arguments
            elif here == "S" and not self.starts("St"):
                found = self._prefix_substitution()
                scope, _, member = "", "", found
                if self.here != "E":
                    continue
            elif here == "T":
                found = self.parameter().text
                scope, member = "", found
            elif here == "D" and self.name[self.at + 1 : self.at + 2] in {"t", "T"}:
                found = self.type().text
                scope, member = "", found
                continue
            elif self.skip("St"):
                found, scope, member = "std", "", "std"
                continue
            elif self.skip("M"):
                continue  # the initialiser of a data member: what follows is local to it
            else:
                self._returns = False
                word = self._unqualified()
                scope, member = found, word
                found = f"{found}::{word}" if found else word
            if self.here != "E":
                self.remember(Piece(found))
        if not found:
            raise UnreadableError
        self.scope, self.member, self._suffix = scope, member, suffix
        self.spend(len(found))
        return Piece(found)

    def _prefix_substitution(self) -> str:
        """A substitution with more behind it; abbreviations of classes stand for all of their name."""
        letter = self.name[self.at + 1 : self.at + 2]
        if letter in STANDARD_FULL and self.name[self.at + 2 : self.at + 3] in {"C", "D"}:
            self.at += 2
            full = STANDARD_FULL[letter]
            self._last = full.partition("<")[0]
            return f"std::{full}"
        found = self.substitution().text
        self._last = _last_name(found)
        return found

    def substitution(self) -> Piece:
        """``<substitution> ::= S [<seq-id>] _ | St | Sa | Sb | Ss | Si | So | Sd``."""
        self.need("S")
        here = self.here
        if here in STANDARD:
            self.at += 1
            self._last = STANDARD[here]
            found = Piece("std::" + self._last)
            return self.remember(Piece(found.text + self._abi_tags())) if self.here == "B" else found
        number = self.sequence()
        if number >= len(self.known):
            raise UnreadableError
        found = self.known[number]
        self.spend(len(found.left) + len(found.right))
        return found

    def _unqualified(self) -> str:
        """``<unqualified-name>``: source name, operator, constructor, destructor, lambda, unnamed type; ABI tags."""
        self._special_member = False
        here = self.here
        if here.isdigit():
            self._last = found = self.source_name()
        elif here == "L":
            self.at += 1
            self._last = found = self.source_name() if self.here.isdigit() else self._unqualified()
        elif here == "U":
            found = self._unnamed()
            self._last = found
        elif here == "C" or (here == "D" and self.name[self.at + 1 : self.at + 2] in set("01245")):
            found = self._constructor()
        elif self.skip("DC"):
            names = []
            while not self.skip("E"):
                names.append(self.source_name())
            found = f"[{', '.join(names)}]"
        else:
            found = self._operator()
        return found + self._abi_tags()

    def simple_name(self) -> str:
        """``<simple-id>`` or an operator, in an expression."""
        return self.source_name() if self.here.isdigit() else self._operator()

    def source_name(self) -> str:
        """``<source-name> ::= <length> <identifier>``."""
        digits = self.digits()
        length = int(digits) if 0 < len(digits) < 6 else 0
        found = self.name[self.at : self.at + length]
        if not length or len(found) < length:
            raise UnreadableError
        self.at += length
        return "(anonymous namespace)" if found.startswith(("_GLOBAL__N", "_GLOBAL_.N", "_GLOBAL_$N")) else found

    def _abi_tags(self) -> str:
        tags = ""
        while self.skip("B"):
            tags += f"[abi:{self.source_name()}]"
        return tags

    def _constructor(self) -> str:
        kind = self.take()
        self._special_member = True
        inherited = kind == "C" and self.skip("I")
        if self.take() not in "0123456":
            raise UnreadableError
        if not self._last:
            raise UnreadableError
        if inherited:
            self._last = _last_name(self.type().text)
            self._special_member = True
        return ("~" if kind == "D" else "") + self._last

    def _unnamed(self) -> str:
        """``Ul <parameters> E [<number>] _`` is a lambda, ``Ut [<number>] _`` a type without name."""
        if self.skip("Ut"):
            return f"{{unnamed type#{self.index() + 1}}}"
        self.need("Ul")
        self.in_lambda += 1
        parameters = self.parameters()
        self.in_lambda -= 1
        self.need("E")
        return f"{{lambda({parameters})#{self.index() + 1}}}"

    def _operator(self) -> str:
        """``<operator-name>``; ``cv <type>`` is a conversion, ``li <name>`` a suffix of literals."""
        code = self.name[self.at : self.at + 2]
        if code == "cv":
            self.at += 2
            found = self._conversion_type()
            self._special_member = True
            return f"operator {found}"
        if code == "li":
            self.at += 2
            return f'operator"" {self.source_name()}'
        if code[:1] == "v" and code[1:].isdigit():
            self.at += 2
            return f"operator {self.source_name()}"
        if code not in OPERATORS:
            raise UnreadableError
        self.at += 2
        word = OPERATORS[code]
        return f"operator {word}" if word[0].isalpha() else f"operator{word}"

    def _conversion_type(self) -> str:
        """The type that a conversion gives: it may mean template arguments that stand behind it."""
        start, known, arguments = self.at, len(self.known), self.arguments
        last = self._last
        self.in_conversion = True
        found = self.type().text
        self.in_conversion = False
        if self.here == "I":
            end, after = self.at, self.known[:]
            self.known.append(Piece(found))  # the conversion itself can be substituted in its arguments
            self.arguments = self.template_arguments()
            self.at, self.known = start, self.known[:known]
            self.in_conversion = True
            found = self.type().text
            self.in_conversion = False
            self.at, self.known = end, after
        self.arguments, self._last = arguments, last
        return found

    def _local(self) -> Piece:
        """``<local-name> ::= Z <encoding> E (<entity name> | s | d [<number>] _ <entity name>) [<discriminator>]``."""
        self.need("Z")
        outer_kind = self.kind
        function = self.encoding(local=True)
        self.kind = outer_kind
        self.around.append(self.scope)
        self.need("E")
        if self.skip("s"):
            self._discriminator()
            self.scope, self.member = function, "string literal"
            return Piece(f"{function}::string literal")
        prefix = ""
        if self.skip("d"):
            prefix = f"{{default arg#{self.index() + 1}}}::"
        self._returns, self._suffix = False, ""
        entity = self._name().text
        self._discriminator()
        self.scope = f"{function}::{self.scope}" if self.scope else function
        self.spend(len(function) + len(entity))
        return Piece(f"{function}::{prefix}{entity}")

    def _discriminator(self) -> None:
        """``<discriminator> ::= _ <digit> | __ <number> _``."""
        if self.skip("__"):
            self.digits()
            self.need("_")
        elif self.here == "_" and self.name[self.at + 1 : self.at + 2].isdigit():
            self.at += 2

    def template_arguments(self) -> list[Piece]:
        """``<template-args> ::= I <template-arg>+ E``."""
        self.need("I")
        found = []
        last, special = self._last, self._special_member
        with self.deeper():
            while not self.skip("E"):
                found.append(self._argument())
        self._last, self._special_member = last, special
        return found

    def _argument(self) -> Piece:
        """``<template-arg> ::= <type> | X <expression> E | <expr-primary> | J <template-arg>* E``."""
        if self.here == "L":
            return Piece(self.literal())
        if self.skip("X"):
            found = Piece(self.expression())
            self.need("E")
            return found
        if self.skip("J"):
            parts = []
            while not self.skip("E"):
                parts.append(self._argument())
            return Piece("", pack=tuple(parts))
        return self.type()


def _gap(result: Piece) -> str:
    return "" if result.left.endswith(("(", "*")) and result.right.startswith(")") else " "


def _last_name(text: str) -> str:
    """The last name of a readable scope, without its template arguments."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] == ">":
            depth += 1
        elif text[at] == "<":
            depth -= 1
            if depth == 0:
                text = text[:at]
        elif text[at] == ":" and depth == 0:
            return text[at + 1 :]
    return text
