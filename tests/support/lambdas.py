"""A Lambda driver for tests, with a hand on its connection."""

import io
import itertools
import zipfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from drivers.aws_lambda import LambdaDriver, LambdaSettings
from drivers.aws_lambda.clients import Clients, Connection, connect_clients
from support.ministack import MiniStack


def replace_code(ministack: MiniStack, name: str, runner: str) -> None:
    """Put other code in the place of ours at the emulator, such as guests cannot be."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("runner.py", runner)
    client = ministack.client("lambda")
    client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())


class Running(NamedTuple):
    """A started driver, its connection, and the seconds that it would have waited."""

    driver: LambdaDriver
    connection: Connection
    waited: list[float]

    @property
    def clients(self) -> Clients:
        """The clients in use now."""
        return self.connection.clients


@asynccontextmanager
async def running_driver(
    settings: LambdaSettings,
    *,
    later: Callable[[], Clients] | None = None,
) -> AsyncGenerator[Running]:
    """Yield a driver that waits for nothing between attempts.

    Its credentials are old enough at every look to be renewed; then `later` gives its clients.
    """
    looks = itertools.count(step=3600.0)
    made = list[Clients]()

    def connect(given: LambdaSettings) -> Clients:
        made.append(later() if later and made else connect_clients(given))
        return made[-1]

    waited = list[float]()

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    connection = Connection(settings, connect=connect, now_s=lambda: next(looks))
    async with LambdaDriver(settings, connection=connection, wait=wait) as driver:
        yield Running(driver, connection, waited)
