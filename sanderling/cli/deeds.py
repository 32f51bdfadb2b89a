"""Commands about one thing: those that show it, and those that change it and tell how it stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Home, Key
from sanderling.cli.session import with_client

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from sanderling.client import Sanderling

Thing = TypeVar("Thing")
Body = TypeVar("Body", bound="BaseModel")


@dataclass(frozen=True, slots=True)
class Deeds(Generic[Thing]):
    """Make commands for one kind of thing.

    `argument` is how the thing is named on the command line. `tell` prints how it stands, a
    sentence for people, and returns the exit code; its last argument asks for JSON.
    """

    argument: object
    tell: Callable[[Thing, str, bool], int]

    def command(
        self, do: "Callable[[Sanderling, str], Awaitable[Thing]]", *, about: str, told: str
    ) -> Callable[..., int]:
        """Return the command that is described by `about`.

        `told` says that it was done, with the name of the thing in place of `{}`.
        """
        # Not a string: typer reads what the annotation is made of, which is known here alone.
        argument = self.argument

        def command(
            thing: Annotated[str, argument],
            *,
            url: URL = None,
            key: Key = None,
            home: Home = None,
            as_json: AsJSON = False,
        ) -> int:
            shown = with_client(lambda client: do(client, thing), url=url, key=key, home=home)
            return self.tell(shown, told.format(thing), as_json)

        command.__doc__ = about
        return command


def showing(
    argument: object,
    read: "Callable[[Sanderling, str], Awaitable[Body]]",
    show: "Callable[[Console, Body], None]",
    *,
    about: str,
) -> Callable[..., int]:
    """Return the command that reads one thing and lets `show` print it for people."""

    def command(
        thing: Annotated[str, argument],
        *,
        url: URL = None,
        key: Key = None,
        home: Home = None,
        as_json: AsJSON = False,
    ) -> int:
        from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

        found = with_client(lambda client: read(client, thing), url=url, key=key, home=home)
        Screen(as_json=as_json).show(
            found.model_dump(mode="json"), lambda terminal: show(terminal, found)
        )
        return Exit.OK

    command.__doc__ = about
    return command
