"""A real server on a home of its own, ended by its own process id."""

import json
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.declaration import Group
from config.layers import inherited_environment
from sanderling.cli.demo.failure import DemoFailed
from sanderling.cli.demo.process import START_S, announcement, command, stop, tail

_PLENTY = "1000000"
# What is said about the sandbox of this machine stays; everything else is the embedded default.
# The product's 100 requests a minute would end the demo, which makes several hundred.
_LIMITS = {
    "API_RATE_LIMITING_SHORT_LIMIT": _PLENTY,
    "API_RATE_LIMITING_LONG_LIMIT": _PLENTY,
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": _PLENTY,
}


@dataclass(frozen=True, slots=True)
class Instance:
    """A server that answers at `url` to whoever holds `key`."""

    url: str
    key: str
    process_id: int


@contextmanager
def running_instance(chosen: Mapping[str, str], *, port: int = 0) -> Generator[Instance]:
    """Yield a server on a fresh home; afterwards nothing of it is left.

    `chosen` are settings of its own, and port 0 takes a free one.

    Raises:
        DemoFailed: it did not start, or it did not stop cleanly.

    """
    with tempfile.TemporaryDirectory(prefix="sanderling-demo-") as folder:
        environment = {**environment_for(Path(folder) / "home"), **chosen}
        key = _made_key(environment)
        errors = Path(folder) / "server.log"
        with errors.open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - our own command with our own words.
                command("serve", "--port", str(port), "--json"),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        with server:
            try:
                url: str = announcement("the server", server, errors)["listening"]
                yield Instance(url, key, server.pid)
            except BaseException:
                stop(server)
                raise
            family = descendants(server.pid)
            status = stop(server)
        left = [process_id for process_id in family if _runs(process_id)]
        if status or left:
            reason = f"the server ended with {status} and left the processes {left}"
            raise DemoFailed(f"{reason}\n{tail(errors)}")


def descendants(process_id: int) -> list[int]:
    """Return the ids of the processes that `process_id` started, and those they started."""
    children = [
        int(child)
        for task in Path(f"/proc/{process_id}/task").glob("*/children")
        for child in task.read_text().split()
    ]
    return children + [far for child in children for far in descendants(child)]


def _runs(process_id: int) -> bool:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    # One that ended and is only not yet collected by init, state Z, runs no more.
    return stat.rpartition(")")[2].split()[0] != "Z"


def environment_for(home: Path) -> Mapping[str, str]:
    """Return what a process of a demo in `home` inherits."""
    kept = inherited_environment(keep=(Group.SANDBOX,))
    return {**kept, **_LIMITS, "SANDERLING_HOME": str(home)}


def _made_key(environment: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own command with our own words.
        command("init", "--json"),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=START_S,
        check=False,
    )
    if done.returncode:
        text = (done.stderr + done.stdout).decode(errors="replace")
        raise DemoFailed(f"`sanderling init` ended with {done.returncode}\n{text}")
    key: str = json.loads(done.stdout)["key"]
    return key
