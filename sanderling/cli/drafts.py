"""`sanderling functions create`, `draft`, `deploy` and `publish`: from a file to a live version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sanderling.cli.exits import Exit
from sanderling.cli.input import read_source
from sanderling.cli.options import (
    CPU,
    URL,
    AsJSON,
    AtOnce,
    File,
    Home,
    Idempotent,
    IsolationChoice,
    IsolationMode,
    Key,
    Memory,
    Name,
    Rate,
    Timeout,
)
from sanderling.cli.session import with_client

if TYPE_CHECKING:
    from pathlib import Path

    from runner.function import RateLimit
    from sanderling.api.function_models import ShownFunction, ShownVersion
    from sanderling.client import Sanderling


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become a function's draft."""

    source: str
    limits: dict[str, float]
    isolation: str
    rate_limit: RateLimit | None
    concurrency: int | None
    is_idempotent: bool = False

    def declared(self, *, is_idempotent: bool) -> Draft:
        """Return the draft with what its author declares."""
        return replace(self, is_idempotent=is_idempotent)

    async def create(self, client: Sanderling, name: str) -> ShownFunction:
        """Create a function with this draft."""
        return await client.functions.create(
            name,
            self.source,
            limits=self.limits,
            isolation=self.isolation,
            rate_limit=self.rate_limit,
            concurrency=self.concurrency,
            is_idempotent=self.is_idempotent,
        )

    async def save(self, client: Sanderling, name: str) -> ShownFunction:
        """Make this the draft of a function."""
        return await client.functions.save_draft(
            name,
            self.source,
            limits=self.limits,
            isolation=self.isolation,
            rate_limit=self.rate_limit,
            concurrency=self.concurrency,
            is_idempotent=self.is_idempotent,
        )


def _draft(  # noqa: PLR0913, PLR0917 - each option of the commands is one parameter.
    file: Path,
    timeout_s: float | None,
    cpu_s: float | None,
    memory_bytes: int | None,
    isolation: IsolationChoice,
    rate: RateLimit | None,
    concurrency: int | None,
) -> Draft:
    asked = {"wall_s": timeout_s, "cpu_s": cpu_s, "memory_bytes": memory_bytes}
    limits = {name: value for name, value in asked.items() if value is not None}
    return Draft(read_source(file), limits, isolation.value, rate, concurrency)


def create(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    file: File,
    *,
    timeout: Timeout = None,
    cpu: CPU = None,
    memory: Memory = None,
    isolation: IsolationMode = IsolationChoice.CALL,
    rate: Rate = None,
    concurrency: AtOnce = None,
    idempotent: Idempotent = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Create a function with its first draft; nothing is live yet."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    draft = _draft(file, timeout, cpu, memory, isolation, rate, concurrency).declared(
        is_idempotent=idempotent
    )
    made = with_client(lambda client: draft.create(client, name), url=url, key=key, home=home)
    Screen(as_json=as_json).tell(
        made.model_dump(mode="json"), f"Created {name}; `sanderling functions publish {name}` next."
    )
    return Exit.OK


def save_draft(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    file: File,
    *,
    timeout: Timeout = None,
    cpu: CPU = None,
    memory: Memory = None,
    isolation: IsolationMode = IsolationChoice.CALL,
    rate: Rate = None,
    concurrency: AtOnce = None,
    idempotent: Idempotent = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Replace the draft as a whole; what callers get stays as it is."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    draft = _draft(file, timeout, cpu, memory, isolation, rate, concurrency).declared(
        is_idempotent=idempotent
    )
    saved = with_client(lambda client: draft.save(client, name), url=url, key=key, home=home)
    Screen(as_json=as_json).tell(
        saved.model_dump(mode="json"), f"Saved the draft of {name}; callers get it once published."
    )
    return Exit.OK


def publish(
    name: Name,
    *,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Publish the draft as a version and make it live."""

    async def work(client: Sanderling) -> ShownVersion:
        function = await client.functions.get(name)
        return await _published(client, name, function.draft.source, as_json=as_json)

    return _tell_live(name, with_client(work, url=url, key=key, home=home), as_json=as_json)


def deploy(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Name,
    file: File,
    *,
    timeout: Timeout = None,
    cpu: CPU = None,
    memory: Memory = None,
    isolation: IsolationMode = IsolationChoice.CALL,
    rate: Rate = None,
    concurrency: AtOnce = None,
    idempotent: Idempotent = False,
    url: URL = None,
    key: Key = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Create the function or replace its draft, then publish it."""
    draft = _draft(file, timeout, cpu, memory, isolation, rate, concurrency).declared(
        is_idempotent=idempotent
    )

    async def work(client: Sanderling) -> ShownVersion:
        from runner.errors import FunctionUnknown  # noqa: PLC0415 - keeps --help quick.

        try:
            await draft.save(client, name)
        except FunctionUnknown:
            await draft.create(client, name)
        return await _published(client, name, draft.source, as_json=as_json, file=str(file))

    return _tell_live(name, with_client(work, url=url, key=key, home=home), as_json=as_json)


async def _published(
    client: Sanderling, name: str, source: str, *, as_json: bool, file: str = "draft"
) -> ShownVersion:
    """Publish, and where the code is rejected show people the place before the refusal goes on."""
    from runner.errors import CodeRejected  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.outcome_view import error_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import console  # noqa: PLC0415 - as above.

    try:
        return await client.functions.publish(name)
    except CodeRejected as refusal:
        if not as_json and refusal.deployment.error:
            error_view(refusal.deployment.error, source=source, file=file)(console(is_error=True))
        raise


def _tell_live(name: str, version: ShownVersion, *, as_json: bool) -> int:
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    Screen(as_json=as_json).tell(
        version.model_dump(mode="json"), f"Version {version.number} of {name} is live."
    )
    return Exit.OK
