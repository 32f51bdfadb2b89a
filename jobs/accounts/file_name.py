"""Names under which strangers' files may be kept: on any system, and in the folder at hand."""

import re
import unicodedata
from typing import Final

NAMELESS: Final = "attachment"
_MOST_BYTES: Final = 200
_MOST_ENDING: Final = 20
_UNFIT = re.compile(r'[\\/:*?"<>|]')
_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


def file_name(told: str) -> str:
    """Return a name that leads to no other folder, hides nothing and is no device.

    It is the same when it is given back to this. At most 200 bytes stay, its ending among them.
    """
    seen = "".join(each for each in told if unicodedata.category(each) not in _UNSEEN)
    name = _UNFIT.sub("_", seen)
    # What one step takes away may lay bare what another one minds.
    while (fit := _fit(name)) != name:
        name = fit
    return name or NAMELESS


def _fit(name: str) -> str:
    """Return a name a step nearer to one that is fit, or a fit one as it is."""
    short = _short(_EDGES.sub("", name))
    return f"_{short}" if _DEVICES.match(short) else short


def _short(name: str) -> str:
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    is_ending = dot and stem and len(ending.encode()) <= _MOST_ENDING
    tail = f".{ending}" if is_ending else ""
    kept = (stem if is_ending else name).encode()[: _MOST_BYTES - len(tail.encode())]
    return f"{kept.decode(errors='ignore')}{tail}"
