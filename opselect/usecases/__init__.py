"""One question a module: what the command line and Python programs call.

They take and return values, print nothing and know no command line. Whoever wants to watch the work passes a
:class:`opselect.usecases.watch.Watch`. ``import opselect`` has the most useful ones by name (``docs/api.md``).
"""
