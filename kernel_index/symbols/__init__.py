"""Which symbols a source file defines for others, and which it needs that no header it sees defines.

A scanner of declarations, not a compiler: names decide, without overloads, template arguments and namespaces, so that
it errs towards "needed".
"""
