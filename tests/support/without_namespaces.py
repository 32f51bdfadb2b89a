"""Runs the command as a user without any privilege who may make no namespace, as in a container.

What the command needs is copied to where that user may read, and a filter of system calls that
the child puts up for itself refuses namespaces before the command starts.
"""

import shutil
import subprocess
import sys
from pathlib import Path

_STARTED = """
import ctypes, os, struct, sys

UNSHARE, SETNS, CLONE = {"x86_64": (272, 308, 56), "aarch64": (97, 268, 220)}[os.uname().machine]
CLONE3, NEW_USER, EPERM, ENOSYS, ALLOW = 435, 0x10000000, 0x50001, 0x50026, 0x7FFF0000
STEPS = (
    (0x20, 0, 0, 0),
    (0x15, 5, 0, UNSHARE), (0x15, 4, 0, SETNS), (0x15, 4, 0, CLONE3), (0x15, 0, 4, CLONE),
    (0x20, 0, 0, 16), (0x45, 0, 2, NEW_USER),
    (0x06, 0, 0, EPERM), (0x06, 0, 0, ENOSYS), (0x06, 0, 0, ALLOW),
)

def forbid_namespaces():
    libc = ctypes.CDLL(None, use_errno=True)
    text = b"".join(struct.pack("=HBBI", *step) for step in STEPS)
    steps = ctypes.create_string_buffer(text, len(text))
    header = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(STEPS), ctypes.addressof(steps)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, header, 0, 0) == 0, ctypes.get_errno()
    assert libc.unshare(NEW_USER) == -1 and ctypes.get_errno() == 1, "namespaces are to be had"

forbid_namespaces()
assert os.getuid() != 0 and os.getgroups() == [], "there is a privilege left"
folder, *words = sys.argv[1:]
sys.path[:0] = [folder]
sys.argv = ["sanderling", *words]
from sanderling.cli import main
main()
"""

_LOADED = """
import sys
import config.loader, sanderling.cli.app, sanderling.cli.sandbox_view, sanderling.logs
import sanderling.wiring.sandbox_check, RestrictedPython, tzdata
import rich.box, rich.progress, rich.table
print(*{name.partition(".")[0] for name, module in sys.modules.items()
        if (getattr(module, "__file__", None) or "").endswith((".py", ".so"))})
"""

_MADE = shutil.ignore_patterns("__pycache__", "tests")


def program_for_nobody(folder: Path, python: str) -> list[str | Path]:
    """Copy what the command loads to `folder` and return the words that start it there."""
    asked = [sys.executable, "-c", _LOADED]
    loaded = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60)
    roots = [Path(root) for root in sys.path if root and Path(root).is_dir()]
    for name in loaded.stdout.split():
        if name not in sys.stdlib_module_names:
            _copy(name, roots, folder)
    return [python, "-I", "-B", "-c", _STARTED, str(folder)]


def _copy(name: str, roots: list[Path], folder: Path) -> None:
    for root in roots:
        # A folder of the same name may hold data alone.
        if (root / name / "__init__.py").is_file():
            shutil.copytree(root / name, folder / name, ignore=_MADE)
            return
        for file in (*root.glob(f"{name}.py"), *root.glob(f"{name}.*.so")):
            shutil.copy(file, folder)
            return
