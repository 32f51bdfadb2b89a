"""`sanderling invoke`: run one file, without any server."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from drivers.limits import Limits
from drivers.port import Artifact, ArtifactKey, Driver, Invocation, Isolation, Outcome, OutcomeKind
from runner.function import Definition
from sanderling.cli.exits import OUTCOME_EXITS
from sanderling.cli.input import read_event, read_source
from sanderling.cli.options import (
    CPU,
    AsJSON,
    Event,
    File,
    IsolationChoice,
    IsolationMode,
    Memory,
    Timeout,
)
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds
from sanderling.kernel.jsontext import JSON

if TYPE_CHECKING:
    from config.variables import Settings

PROCESS = "sanderling invoke"
_ENDPOINT = "--endpoint-url"
_EMULATED_KEY = "emulator"


class DriverChoice(StrEnum):
    """Drivers that can be asked for on the command line."""

    DISABLED = "disabled"
    LOCAL = "local"
    LAMBDA = "lambda"


def invoke(  # noqa: PLR0913 - each option of the command is one parameter.
    file: File,
    *,
    event: Event = "{}",
    driver: Annotated[
        DriverChoice | None,
        typer.Option(help="Who runs it.", show_default="SERVERLESS_TYPE, else local"),
    ] = None,
    endpoint_url: Annotated[
        str | None,
        typer.Option(
            _ENDPOINT,
            metavar="URL",
            help="With --driver lambda: an emulator to use instead of AWS.",
        ),
    ] = None,
    isolation: IsolationMode = IsolationChoice.CALL,
    timeout: Timeout = None,
    cpu: CPU = None,
    memory: Memory = None,
    as_json: AsJSON = False,
) -> int:
    """Run one file in the sandbox; needs no server and no database."""
    # The sandbox and the terminal's library are loaded only here, which keeps --help quick.
    from runner.outcome_json import outcome_json  # noqa: PLC0415 - as above.
    from sanderling.cli.outcome_view import outcome_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    definition = Definition(
        source=read_source(file),
        limits=limits_of(timeout_s=timeout, cpu_s=cpu, memory_bytes=memory),
        isolation=Isolation(isolation.value),
    )
    event_json = read_event(event)
    chosen = _chosen_driver(driver, endpoint_url)
    outcome = asyncio.run(run_once(chosen, definition, event_json, name=file.stem))
    view = outcome_view(outcome, source=definition.source, file=str(file))
    Screen(as_json=as_json).show(outcome_json(outcome), view)
    return OUTCOME_EXITS[outcome.kind]


def limits_of(*, timeout_s: float | None, cpu_s: float | None, memory_bytes: int | None) -> Limits:
    """Return the default limits with those that were asked for.

    Raises:
        LimitRefused: one is above its ceiling.

    """
    default = Limits()
    return Limits(
        wall_s=default.wall_s if timeout_s is None else timeout_s,
        cpu_s=default.cpu_s if cpu_s is None else cpu_s,
        memory_bytes=default.memory_bytes if memory_bytes is None else memory_bytes,
    )


def _chosen_driver(choice: DriverChoice | None, endpoint_url: str | None) -> Driver:
    from config.loader import load_snapshot  # noqa: PLC0415 - keeps --help quick.
    from config.variables import DriverType  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.
    from sanderling.wiring.drivers import build_driver  # noqa: PLC0415 - as above.

    log_quietly()
    settings = load_snapshot().settings
    # One call needs one worker; the others would only delay it.
    wanted: dict[str, object] = {"sandbox_spares": 1}
    if choice is not None:
        wanted["driver_type"] = DriverType(choice.value.upper())
    if endpoint_url is not None:
        if wanted.get("driver_type", settings.driver_type) is not DriverType.LAMBDA:
            raise typer.BadParameter("it goes with --driver lambda", param_hint=_ENDPOINT)
        wanted |= _emulated(settings, endpoint_url)
    return build_driver(settings.model_copy(update=wanted), process=PROCESS)


def _emulated(settings: "Settings", endpoint_url: str) -> dict[str, object]:
    """Return the endpoint, and what emulators ask for and do not look at, where it is not set."""
    from pydantic import SecretStr  # noqa: PLC0415 - keeps --help quick.

    from config.kinds import read_service_url, read_url  # noqa: PLC0415 - as above.

    try:
        url = read_service_url(read_url(endpoint_url))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=_ENDPOINT) from error
    told: dict[str, object] = {
        "lambda_endpoint_url": url,
        "lambda_region": settings.lambda_region or "us-east-1",
        "lambda_role": settings.lambda_role or "arn:aws:iam::000000000000:role/sanderling",
    }
    if not settings.lambda_access_key_id:
        told |= {
            "lambda_access_key_id": _EMULATED_KEY,
            "lambda_secret_access_key": SecretStr(_EMULATED_KEY),
        }
    return told


async def run_once(
    driver: Driver, definition: Definition, event_json: bytes, *, name: str
) -> Outcome:
    """Start `driver`, run one call of `definition`, and leave nothing of it behind."""
    ids = SortableIds(SystemClock())
    key = ArtifactKey(ids.workspace(), ids.function(), definition.digest)
    call_id = ids.call()
    artifact = Artifact(
        key, definition.source, definition.limits, definition.isolation, is_draft=True
    )
    context: dict[str, JSON] = {
        "call_id": call_id,
        "function": name,
        "version": None,
        "workspace_id": key.workspace_id,
        "trigger": "manual",
        "request_id": ids.request(),
        "timeout_s": definition.limits.wall_s,
    }
    async with driver:
        deployment = await driver.deploy(artifact)
        if deployment.kind is not OutcomeKind.OK:
            return Outcome(
                deployment.kind, driver.name, error=deployment.error, detail=deployment.detail
            )
        try:
            return await driver.invoke(Invocation(call_id, key, event_json, context))
        finally:
            # No version will ever name it, and where it was made it would stay.
            await driver.delete(key)
