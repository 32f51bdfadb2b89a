"""A program that tries what this machine allows an unlocked process, and prints it as JSON.

Each attempt is made in a fork of its own, so that nothing it changes stays.
"""

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

# The interpreter was started without any of its usual places to import from but its own library.
sys.path.append(__file__.rpartition("/drivers/guest/")[0])

from drivers.guest.namespaces import NAMESPACES, USER, unshare
from drivers.guest.seccomp import is_available

ACTIONS = {
    "kill_process": 0x80000000,
    "kill_thread": 0,
    "trap": 0x00030000,
    "errno": 0x00050000,
    "user_notif": 0x7FC00000,
    "trace": 0x7FF00000,
    "log": 0x7FFC0000,
    "allow": 0x7FFF0000,
}
"""What a seccomp filter can answer, by the kernel's names."""

ALLOWED = "allowed"
ALLOWED_WITH_USER = "allowed in a user namespace"


def attempt(action: Callable[[], object]) -> str:
    """Return `allowed`, or the name of the error or signal that a fork met."""
    child = os.fork()
    if child == 0:
        _act_and_exit(action)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    code = os.WEXITSTATUS(status)
    return errno.errorcode.get(code, str(code)) if code else ALLOWED


def _act_and_exit(action: Callable[[], object]) -> None:
    ending = errno.EIO
    try:
        action()
        ending = 0
    except OSError as error:
        ending = error.errno or errno.EIO
    finally:
        os._exit(ending)


def try_namespaces() -> dict[str, str]:
    """Return for each kind whether it is allowed, and how, or what refused it."""
    tried: dict[str, str] = {}
    for kind in NAMESPACES:
        answer = attempt(partial(unshare, kind))
        if answer != ALLOWED and kind != USER:
            with_user = attempt(partial(unshare, USER, kind))
            answer = ALLOWED_WITH_USER if with_user == ALLOWED else answer
        tried[kind] = answer
    return tried


def try_actions() -> list[str]:
    """Return the names of the answers that this kernel knows, by asking for each."""
    return [name for name, verdict in ACTIONS.items() if is_available(verdict)]


if __name__ == "__main__":
    told = {"namespaces": try_namespaces(), "actions": try_actions()}
    sys.stdout.write(json.dumps(told))
