"""The command line, one module a command: parse, call the library, map the result to an exit code."""
