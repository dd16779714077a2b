"""The exit codes that scripts may rely on."""

DONE = 0
NO = 1
"""The question was understood and the answer is "no": something is missing."""
UNUSABLE = 2
"""Bad usage, or an input that cannot be read."""
DEFECT = 3
INTERRUPTED = 130
ENDED = {"SIGTERM": 143, "SIGHUP": 129}
"""By the signals that tell a process to end; Windows has not all of them."""
BROKEN_PIPE = 141
