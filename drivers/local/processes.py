"""Ends processes by their descriptors, so that no other ever gets a signal meant for one."""

import contextlib
import os
import signal


def kill_process(pidfd: int) -> None:
    """Kill whom `pidfd` stands for; one that has ended is no fault."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def end_process(pidfd: int) -> None:
    """Kill whom `pidfd` stands for, and close it; -1 is nobody."""
    if pidfd >= 0:
        kill_process(pidfd)
        os.close(pidfd)
