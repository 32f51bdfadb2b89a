"""Clients of a house, reached over HTTP and in this process."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from drivers.memory import Handler, Scripted
from drivers.port import CodeProblem, Deployment, GuestError, LimitHit, OutcomeKind, TraceLine
from sanderling.access.principal import BearerKey, Role
from sanderling.api import create_app
from sanderling.client import Sanderling
from sanderling.client.in_process_transport import InProcessTransport, Instance
from sanderling.kernel.jsontext import JSON
from support.loopback import serving
from support.services import House, build_house

WAYS = ("http", "in_process")

REJECTED = Deployment(
    OutcomeKind.BAD_CODE,
    error=GuestError(
        type="SyntaxError",
        message="`import` is not allowed",
        trace=(TraceLine(2, "handler", "    import os", 5, 14),),
        line=2,
        column=5,
        hint="Leave it out.",
        end_column=14,
        problems=(CodeProblem("`import` is not allowed", 2, 5, 14, "Leave it out."),),
    ),
    limit=LimitHit("ast_depth", 80, 81),
)


def _fail(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    message = "no such lead"
    raise ValueError(message)


def _too_slow(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise Scripted(OutcomeKind.TIMEOUT, limit=LimitHit("wall_s", 5.0, 5.01), detail="Too slow.")


HANDLERS: Mapping[str, Handler] = {"fail": _fail, "slow": _too_slow}

Opening = Callable[[str], AbstractAsyncContextManager[Sanderling]]
"""Makes a client on a house, with the text of a key."""


@dataclass(frozen=True)
class Setting:
    """A house and the way in; `admin` is entered already."""

    house: House
    opening: Opening
    admin: Sanderling
    stack: AsyncExitStack = field(repr=False)

    async def client(self, *, role: Role = Role.ADMIN, elsewhere: bool = False) -> Sanderling:
        """Return a further client with a key of its own."""
        workspace_id = self.house.other_workspace_id if elsewhere else self.house.workspace_id
        key = await self.house.key(role, workspace_id=workspace_id)
        return await self.stack.enter_async_context(self.opening(key))


def _in_process(house: House, key: str) -> Sanderling:
    instance = Instance(house.services, BearerKey(key))
    return Sanderling(transport=InProcessTransport(nullcontext(instance)))


@asynccontextmanager
async def open_setting(way: str) -> AsyncGenerator[Setting]:
    """Yield a house of two workspaces, reached in one of the ways."""
    house = build_house(handlers=HANDLERS, rejections={"bad": REJECTED})
    async with AsyncExitStack() as stack:
        opening: Opening
        if way == "http":
            url = await stack.enter_async_context(serving(create_app(house.services)))
            opening = partial(_over_http, url)
        else:
            opening = partial(_in_process, house)
        admin = await stack.enter_async_context(opening(await house.key()))
        yield Setting(house, opening, admin, stack)


def _over_http(url: str, key: str) -> Sanderling:
    return Sanderling(url, key=key)


async def publish(client: Sanderling, name: str, source: str) -> None:
    """Create a function and publish its draft."""
    await client.functions.create(name, source)
    await client.functions.publish(name)
