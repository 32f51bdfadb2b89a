"""Has a process of its own try what this machine allows, and takes its word for no more than that.

Nothing is tried in the host itself: an attempt that is allowed changes the process that made it.
"""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import drivers.guest
from drivers.local.settings import LocalSettings
from drivers.local.zygote import ENVIRONMENT, FLAGS

_PROGRAM = Path(drivers.guest.__file__ or "").with_name("trial.py")


@dataclass(frozen=True, slots=True)
class Trial:
    """What was allowed: by kind of namespace, and the answers that seccomp filters can give.

    `problem` says why nothing could be tried, where nothing could.
    """

    namespaces: dict[str, str] = field(default_factory=dict[str, str])
    actions: tuple[str, ...] = ()
    problem: str = ""


async def try_out(settings: LocalSettings) -> Trial:
    """Return what this machine allowed a process of ours."""
    try:
        told = json.loads(await _run(settings))
    except TimeoutError:
        return Trial(problem=f"the trial took longer than {settings.start_s:g} s")
    except (OSError, ValueError) as error:
        return Trial(problem=f"the trial did not run: {type(error).__name__}")
    return _read(told)


def _read(told: Any) -> Trial:
    namespaces = {str(kind): str(answer) for kind, answer in told["namespaces"].items()}
    return Trial(namespaces, tuple(map(str, told["actions"])))


async def _run(settings: LocalSettings) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(settings.python, *FLAGS, str(_PROGRAM)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
    )
    try:
        async with asyncio.timeout(settings.start_s):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told
