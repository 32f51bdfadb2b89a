"""The installed command in a home of its own, and a server that a test starts and ends."""

import json
import os
import select
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.catalogue import CATALOGUE
from support.sandbox import descendants_of, page_of
from support.warm import PROGRAM, command_words

ENOUGH_S = 60.0
_OURS = {
    *(name for variable in CATALOGUE for name in variable.names),
    *("SANDERLING_URL", "SANDERLING_API_KEY", "SANDERLING_DEBUG"),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands for one home, from another folder, with no setting of this machine."""

    home: Path
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def environment(self) -> dict[str, str]:
        """Return what a command inherits."""
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        return {**kept, "SANDERLING_HOME": str(self.home), **self.settings}

    def run(self, *words: str, given: str = "", **settings: str) -> Ended:
        """Run one command to its end."""
        # What libraries may have read when they were loaded is read anew.
        is_ours = {*self.settings, *settings} <= _OURS
        done = subprocess.run(
            [*(command_words() if is_ours else [PROGRAM]), *words],
            cwd=self.folder,
            env={**self.environment(), **settings},
            input=given,
            capture_output=True,
            text=True,
            timeout=ENOUGH_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str, **settings: str) -> Any:
        """Run one command with `--json`, see it succeed and return what it printed."""
        ended = self.run(*words, "--json", **settings)
        assert ended.status == 0, ended
        return ended.json

    def serving(self, *words: str, **settings: str) -> AbstractContextManager["Server"]:
        """Yield a server, on a free port unless told; it is ended by its own process id."""
        return self._serving("serve", settings, words)

    def working(self, **settings: str) -> AbstractContextManager["Server"]:
        """Yield a worker, its health on a free port; it is ended by its own process id."""
        return self._serving("worker", settings)

    @contextmanager
    def playing(self, *words: str) -> Generator[list[dict[str, Any]]]:
        """Yield simulated providers on free ports; they are ended by their own process id."""
        process = subprocess.Popen(
            [PROGRAM, "dev", "providers", "--port", "0", "--json", *words],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            try:
                out = process.stdout
                assert out is not None
                assert select.select([out], [], [], ENOUGH_S)[0]
                yield json.loads(out.readline())["providers"]
            finally:
                process.kill()

    @contextmanager
    def _serving(
        self, word: str, settings: Mapping[str, str], words: Sequence[str] = ()
    ) -> Generator["Server"]:
        log = self.folder / ("server.log" if word == "serve" else f"{word}.log")
        port = () if "--port" in words else ("--port", "0")
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [PROGRAM, word, *words, *port, "--json"],
                cwd=self.folder,
                env={**self.environment(), **settings},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        with process:
            try:
                yield Server(process, _url(process, log), log)
            finally:
                if process.poll() is None:
                    process.kill()


@dataclass(frozen=True, slots=True)
class Server:
    """A server under way."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return how the process ended."""
        self.process.send_signal(number)
        return self.process.wait(ENOUGH_S)

    def family(self) -> set[int]:
        """Return the ids of all processes that it started."""
        return set(descendants_of(self.process.pid))


def alive(process_ids: set[int]) -> set[int]:
    """Return those that still run; one that ended and was not waited for yet does not run."""
    states = {pid: page_of(pid, "stat").rpartition(")")[2].split() for pid in process_ids}
    return {pid for pid, state in states.items() if state and state[0] != "Z"}


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    out = process.stdout
    line = out.readline() if out and select.select([out], [], [], ENOUGH_S)[0] else b""
    assert line, log.read_text()
    url: str = json.loads(line)["listening"]
    return url
