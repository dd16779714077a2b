"""The fixed words of mangled names: builtin types, operators, standard abbreviations, special names.

Source: the Itanium C++ ABI, sections 5.1.3 to 5.1.6.
"""

from __future__ import annotations

BUILTIN = {
    "v": "void", "w": "wchar_t", "b": "bool", "c": "char", "a": "signed char", "h": "unsigned char", "s": "short",
    "t": "unsigned short", "i": "int", "j": "unsigned int", "l": "long", "m": "unsigned long", "x": "long long",
    "y": "unsigned long long", "n": "__int128", "o": "unsigned __int128", "f": "float", "d": "double",
    "e": "long double", "g": "__float128", "z": "...",
}  # fmt: skip
BUILTIN_D = {
    "Dd": "decimal64", "De": "decimal128", "Df": "decimal32", "Dh": "_Float16", "Di": "char32_t", "Ds": "char16_t",
    "Du": "char8_t", "Da": "auto", "Dc": "decltype(auto)", "Dn": "decltype(nullptr)",
}  # fmt: skip
"""Types of two letters; ``Dh`` is the half of IEEE 754."""
LITERAL_SUFFIX = {"i": "", "j": "u", "l": "l", "m": "ul", "x": "ll", "y": "ull"}
"""How integer literals of a type end; those of others are written as casts."""

STANDARD = {"a": "allocator", "b": "basic_string", "s": "string", "i": "istream", "o": "ostream", "d": "iostream"}
STANDARD_FULL = {
    "s": "basic_string<char, std::char_traits<char>, std::allocator<char>>",
    "i": "basic_istream<char, std::char_traits<char>>",
    "o": "basic_ostream<char, std::char_traits<char>>",
    "d": "basic_iostream<char, std::char_traits<char>>",
}
"""What the abbreviations stand for where a member of them follows."""

OPERATORS = {
    "nw": "new", "na": "new[]", "dl": "delete", "da": "delete[]", "aw": "co_await", "ps": "+", "ng": "-", "ad": "&",
    "de": "*", "co": "~", "pl": "+", "mi": "-", "ml": "*", "dv": "/", "rm": "%", "an": "&", "or": "|", "eo": "^",
    "aS": "=", "pL": "+=", "mI": "-=", "mL": "*=", "dV": "/=", "rM": "%=", "aN": "&=", "oR": "|=", "eO": "^=",
    "ls": "<<", "rs": ">>", "lS": "<<=", "rS": ">>=", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=",
    "ge": ">=", "ss": "<=>", "nt": "!", "aa": "&&", "oo": "||", "pp": "++", "mm": "--", "cm": ",", "pm": "->*",
    "pt": "->", "cl": "()", "ix": "[]", "qu": "?",
}  # fmt: skip
UNARY = frozenset({"ps", "ng", "ad", "de", "co", "nt", "pp", "mm", "aw"})
BINARY = frozenset(OPERATORS) - UNARY - {"nw", "na", "dl", "da", "cl", "ix", "qu"}

OF_TYPE = {
    "V": "vtable", "T": "VTT", "I": "typeinfo", "S": "typeinfo name", "F": "typeinfo fn",
    "A": "template parameter object",
}  # fmt: skip
"""Special names of a type or of an argument: ``T`` and the letter."""
OF_NAME = {
    "GV": "guard variable", "TH": "TLS init function", "TW": "TLS wrapper function", "GA": "hidden alias",
    "GTt": "transaction clone", "GTn": "non-transaction clone",
}  # fmt: skip
"""Special names of an object or function."""
