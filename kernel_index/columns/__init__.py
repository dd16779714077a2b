"""Records as columns of text and back: what the index file is made of.

A column is a list of lines. ``packed`` puts columns into a file, ``text`` spells single things, and one module a kind
of record says which columns it has. docs/index_format.md describes all of them for writers of other readers.
"""
