"""The names of the walls, from the inside out."""

LANGUAGE = "language"
PROCESS = "process"
RLIMITS = "rlimits"
PRIVILEGES = "privileges"
LANDLOCK = "landlock"
SECCOMP = "seccomp"

LAYERS = (LANGUAGE, PROCESS, RLIMITS, PRIVILEGES, LANDLOCK, SECCOMP)
"""All but the first are put up with the kernel's help, in this order."""

NAMESPACES = "namespaces"
CGROUP = "cgroup"

EXTRAS = (NAMESPACES, CGROUP)
"""Walls that are put up where the machine allows them; nothing depends on them."""

PROVEN = "proven"
MISSING = "missing"
UNAVAILABLE = "unavailable"
