"""Expressions in mangled names: literals, parameters, and the conditions of templates."""

from __future__ import annotations

from abc import abstractmethod

from opselect.binaries.names.cursor import Piece, UnreadableError
from opselect.binaries.names.types import TypeReader, arguments_text
from opselect.binaries.names.words import BINARY, LITERAL_SUFFIX, OPERATORS, UNARY

_CASTS = {"dc": "dynamic_cast", "sc": "static_cast", "cc": "const_cast", "rc": "reinterpret_cast"}
_OF_TYPE = {"st": "sizeof ({})", "at": "alignof ({})", "ti": "typeid ({})"}
_OF_EXPRESSION = {
    "sz": "sizeof ({})", "az": "alignof ({})", "te": "typeid ({})", "nx": "noexcept ({})", "tw": "throw {}",
}  # fmt: skip


class ExpressionReader(TypeReader):
    """Reads expressions."""

    @abstractmethod
    def encoding(self) -> str:
        """``<encoding>``, as the readable name."""

    @abstractmethod
    def simple_name(self) -> str:
        """``<unqualified-name>`` without its scope."""

    def literal(self) -> str:
        """``<expr-primary> ::= L <type> <value> E | L _Z <encoding> E``."""
        self.need("L")
        if self.skip("_Z") or self.skip("Z"):
            found = self.encoding()
            self.need("E")
            return found
        code = self.here
        kind = self.type().text
        end = self.name.find("E", self.at)
        if end < 0:
            raise UnreadableError
        value = self.name[self.at : end]
        self.at = end + 1
        if value.startswith("n"):
            value = "-" + value[1:]
        if code == "b" and value in {"0", "1"}:
            return "true" if value == "1" else "false"
        if code in LITERAL_SUFFIX:
            return value + LITERAL_SUFFIX[code]
        if kind == "decltype(nullptr)":
            return f"({kind}){value or '0'}"
        return f"({kind})[{value}]" if code and code in "fde" else f"({kind}){value}"

    def expression(self) -> str:
        """``<expression>``."""
        with self.deeper():
            found = self._expression()
            self.spend(len(found))
            return found

    def _expression(self) -> str:
        code = self.name[self.at : self.at + 2]
        if self.here == "L":
            return self.literal()
        if self.here == "T":
            return self.parameter().text
        if code in {"fp", "fL"}:
            return self._function_parameter()
        if code == "gs":
            self.at += 2
            return "::" + self._expression()
        if code in {"sr", "on", "dn"} or self.here.isdigit():
            return self._unresolved_name()
        self.at += 2
        if code in _OF_TYPE:
            return _OF_TYPE[code].format(self.type().text)
        if code in _OF_EXPRESSION:
            return _OF_EXPRESSION[code].format(self.expression())
        if code in _CASTS:
            return f"{_CASTS[code]}<{self.type().text}>({self.expression()})"
        return self._compound(code)

    def _compound(self, code: str) -> str:
        """Calls, casts, members, lists and operators."""
        if code == "cl":
            return f"{self._operand()}({', '.join(self._until_end())})"
        if code == "cv":
            return self._conversion()
        if code in {"tl", "il"}:
            kind = self.type().text if code == "tl" else ""
            return f"{kind}{{{', '.join(self._until_end())}}}"
        if code in {"dt", "pt"}:
            return f"{self._operand()}{'.' if code == 'dt' else '->'}{self._unresolved_name()}"
        if code == "sp":
            return self.expression()
        if code == "sZ":
            return f"sizeof...({self.expression()})"
        if code == "ix":
            return f"{self._operand()}[{self.expression()}]"
        if code == "qu":
            return f"{self._operand()}?{self._operand()} : {self._operand()}"
        if code in {"pp", "mm"}:
            return f"{OPERATORS[code]}{self._operand()}" if self.skip("_") else f"{self._operand()}{OPERATORS[code]}"
        if code in UNARY:
            return f"{OPERATORS[code]}{self._operand()}"
        if code in BINARY:
            left, right = self._operand(), self._operand()
            found = f"{left}{OPERATORS[code]}{right}"
            return f"({found})" if code == "gt" else found
        raise UnreadableError

    def _operand(self) -> str:
        """An expression within another: in parentheses, but for names and parameters."""
        plain = self.starts("fp") or self.starts("sr") or self.here.isdigit()
        found = self.expression()
        return found if plain or found.startswith("{") else f"({found})"

    def _until_end(self) -> list[str]:
        found = []
        while not self.skip("E"):
            if part := self.expression():
                found.append(part)
        return found

    def _conversion(self) -> str:
        kind = self.type().text
        if self.skip("_"):
            return f"({kind})({', '.join(self._until_end())})"
        return f"({kind}){self._operand()}"

    def _function_parameter(self) -> str:
        """``<function-param> ::= fp <qualifiers> [<number>] _ | fL <number> p …``; ``fpT`` is ``this``."""
        if self.skip("fpT"):
            return "this"
        if self.skip("fL"):
            self.digits()
            self.need("p")
        else:
            self.need("fp")
        while self.here and self.here in "rVK":
            self.at += 1
        return f"{{parm#{self.index() + 1}}}"

    def _unresolved_name(self) -> str:
        """``<unresolved-name>``: a name in a type that is not known yet (``sr``), or a bare one."""
        if self.skip("srN"):
            scope = [self._scope_type().text]
            while not self.skip("E"):
                scope.append(self._base_name())
            return "::".join([*scope, self._base_name()])
        if self.skip("sr"):
            if self.here.isdigit():
                scope = []
                while not self.skip("E"):
                    scope.append(self._base_name())
                return "::".join([*scope, self._base_name()])
            scope_type = self.type().text
            return f"{scope_type}::{self._base_name()}"
        return self._base_name()

    def _scope_type(self) -> Piece:
        found = self.type()
        if self.here == "I":
            found = Piece(found.text + arguments_text(self.template_arguments()))
        return found

    def _base_name(self) -> str:
        """``<base-unresolved-name>``: a simple name, an operator or a destructor, perhaps with arguments."""
        if self.skip("dn"):
            return "~" + (self.source_name() if self.here.isdigit() else self.type().text)
        self.skip("on")
        found = self.simple_name()
        if self.here == "I":
            found += arguments_text(self.template_arguments())
        return found
