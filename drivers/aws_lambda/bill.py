"""Reads what AWS bills for one call from the end of its log, and what that costs.

Prices are those of us-east-1, in US dollars, without free tier, discounts and tax; other regions
cost about as much or a little more.
"""

import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass

PER_REQUEST = 0.20 / 1_000_000
PER_GB_S = {"arm64": 0.000_013_333_4, "x86_64": 0.000_016_666_7}
_MIB_PER_GIB = 1024
_MS = 1000

_TIME = r"\d{1,9}(?:\.\d{1,9})?"
_REPORT = re.compile(
    rf"REPORT RequestId: \S+\s+Duration: {_TIME} ms\s+Billed Duration: ({_TIME}) ms\s+"
    rf"Memory Size: (\d{{1,6}}) MB\s+Max Memory Used: \d+ MB(?:\s+Init Duration: ({_TIME}) ms)?"
)


@dataclass(frozen=True, slots=True)
class Bill:
    """What one call took at AWS; `init_s` is there when its environment had to start."""

    billed_s: float
    memory_mib: int
    init_s: float | None

    def cost(self, architecture: str) -> float:
        """Return US dollars."""
        return self.billed_s * self.memory_mib / _MIB_PER_GIB * PER_GB_S[architecture] + PER_REQUEST


def read_bill(log_tail: str) -> Bill | None:
    """Return the bill in the text of a log; None where there is none, as on emulators."""
    # AWS writes it last; an earlier one is something that code printed.
    told = _REPORT.findall(log_tail)
    if not told:
        return None
    billed, memory, init = told[-1]
    return Bill(
        billed_s=float(billed) / _MS,
        memory_mib=int(memory),
        init_s=float(init) / _MS if init else None,
    )


def read_tail(encoded: str | None) -> str:
    """Return the text in a `LogResult`."""
    try:
        return b64decode(encoded or "", validate=True).decode("utf-8", "replace")
    except (Error, ValueError):
        return ""
