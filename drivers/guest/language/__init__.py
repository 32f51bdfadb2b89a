"""The language walls of the guest: which Python a function may use, and how it is told.

It runs inside the sandbox, in an interpreter started without site packages: only the compiler may
import RestrictedPython, and no module of the call path may import `typing` or `dataclasses`,
because every module loaded here is copied into each forked worker.
"""
