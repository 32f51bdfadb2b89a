"""Who asks a simulated provider for whom, and when: the provider's own view of our workers."""

import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanderling.simulator.core.site import Site

Message = MutableMapping[str, Any]
_LOCAL, _INODE = 1, 9
"""Columns of `/proc/net/tcp`."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a person, from its arrival until its answer, in seconds since the epoch."""

    email: str
    pid: int
    began_s: float
    ended_s: float


@dataclass(slots=True)
class Witness:
    """Notes the visits of processes that are known; one event loop owns it."""

    visits: list[Visit] = field(default_factory=list[Visit])
    present: Counter[int] = field(default_factory=Counter[int])
    """How many requests of each process are being answered now."""
    _pids: set[int] = field(default_factory=set[int])
    _owners: dict[str, int] = field(default_factory=dict[str, int])

    def know(self, pid: int) -> None:
        """Tell its requests from those of others."""
        self._pids.add(pid)

    def watching(self, site: Site) -> "_Watched":
        """Return the site, each of whose requests is noted."""
        return _Watched(self, site)

    def owner_of(self, port: int) -> int:
        """Return the process at the other end of a connection from this port; 0 for a stranger."""
        inode = _inode_of(port)
        if inode not in self._owners:
            # A socket keeps its number for as long as it is open; nobody else gets it meanwhile. A
            # process that has just begun may ask before anybody has told of it.
            self._owners[inode] = _holder_of(inode, self._pids) or _holder_of(inode, _everybody())
        return self._owners[inode]

    @property
    def strangers(self) -> int:
        """How many requests for a person came from no process that is known by now."""
        return sum(visit.pid not in self._pids for visit in self.visits)

    def meetings(self) -> list[tuple[Visit, Visit]]:
        """Return visits for one person by two processes that overlap in time."""
        latest: dict[str, list[Visit]] = {}
        found: list[tuple[Visit, Visit]] = []
        for visit in sorted(self.visits, key=lambda each: each.began_s):
            open_ones = [
                each for each in latest.get(visit.email, []) if each.ended_s > visit.began_s
            ]
            found += [(each, visit) for each in open_ones if each.pid != visit.pid]
            latest[visit.email] = [*open_ones, visit]
        return found


@dataclass(frozen=True, slots=True)
class _Watched:
    witness: Witness
    site: Site

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        witness = self.witness
        token = dict(scope["headers"]).get(b"authorization", b"").decode().partition(" ")[2]
        grant = self.site.world.oauth.grant(token)
        pid = witness.owner_of(scope["client"][1])
        began_s = ended_s = time.time()

        async def noted(message: Message) -> None:
            nonlocal ended_s
            if message["type"] == "http.response.start":
                ended_s = time.time()
            await send(message)

        witness.present[pid] += 1
        try:
            await self.site(scope, receive, noted)
        finally:
            witness.present[pid] -= 1
            if grant is not None:
                witness.visits.append(Visit(grant.email, pid, began_s, ended_s))


def _inode_of(port: int) -> str:
    ending = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines():
        columns = line.split()
        if columns[_LOCAL].endswith(ending) and columns[_INODE] != "0":
            return columns[_INODE]
    return ""


def _everybody() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]


def _holder_of(inode: str, pids: Iterable[int]) -> int:
    for pid in pids:
        with suppress(OSError):
            for name in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if os.readlink(name) == f"socket:[{inode}]":  # noqa: PTH115 - a socket is no path.
                        return pid
    return 0
