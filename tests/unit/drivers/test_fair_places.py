"""The line in front of what only few may do at once, such as compiling."""

import asyncio

import pytest

from drivers.fairplaces import FairPlaces
from drivers.port import ArtifactKey, Digest
from sanderling.kernel.ids import FunctionId, WorkspaceId


def a_key(workspace: str, function: str = "f") -> ArtifactKey:
    """Return the key of some version of a function."""
    return ArtifactKey(
        WorkspaceId(workspace), FunctionId(f"{workspace}/{function}"), Digest("0" * 64)
    )


class Compilations:
    """Compilations that last until a test ends them."""

    def __init__(self, places: int = 2) -> None:
        """Start with none."""
        self.line = FairPlaces(places)
        self.began: list[str] = []
        self._ends: list[asyncio.Event] = []

    async def ask(self, *keys: ArtifactKey) -> list[asyncio.Task[None]]:
        """Ask for compilations, and let each get as far as it can."""
        tasks = [asyncio.create_task(self._compile(key)) for key in keys]
        await _settled()
        return tasks

    async def _compile(self, key: ArtifactKey) -> None:
        async with self.line.place(key):
            self.began.append(key.function_id)
            end = asyncio.Event()
            self._ends.append(end)
            await end.wait()

    async def end(self, number: int) -> None:
        """End the compilation that began as so maniest."""
        self._ends[number].set()
        await _settled()


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def compilations() -> Compilations:
    """Return a line with two places."""
    return Compilations()


async def test_no_more_than_its_places(compilations: Compilations) -> None:
    """The third waits until one has ended."""
    await compilations.ask(a_key("x"), a_key("y"), a_key("z"))
    assert compilations.began == ["x/f", "y/f"]

    await compilations.end(0)

    assert compilations.began == ["x/f", "y/f", "z/f"]


async def test_a_workspace_with_many_sources_holds_up_nobody(compilations: Compilations) -> None:
    """Behind a dozen sources of one workspace another's is next, and gets the first free place."""
    await compilations.ask(*[a_key("noisy", str(number)) for number in range(12)])
    await compilations.ask(a_key("quiet"))

    await compilations.end(0)

    assert compilations.began[2:] == ["quiet/f"]


async def test_a_function_with_many_versions_holds_up_no_other(compilations: Compilations) -> None:
    """One function has both places only while no other one waits."""
    await compilations.ask(*[a_key("same", "noisy")] * 6)
    assert compilations.began == ["same/noisy"] * 2
    await compilations.ask(a_key("same", "quiet"), a_key("same", "calm"))

    await compilations.end(0)
    await compilations.end(2)

    assert compilations.began[2:] == ["same/quiet", "same/calm"]


async def test_whoever_gives_up_gives_its_place_back(compilations: Compilations) -> None:
    """In the line, inside, or in the very moment of being let in."""
    tasks = await compilations.ask(*[a_key("x", str(number)) for number in range(5)])

    tasks[2].cancel()
    tasks[0].cancel()
    await _settled()
    assert compilations.began == ["x/0", "x/1", "x/3"]
    await compilations.end(1)

    assert compilations.began == ["x/0", "x/1", "x/3", "x/4"]


async def test_an_error_inside_frees_the_place() -> None:
    """What goes wrong during a compilation costs that one alone."""
    line = FairPlaces(1)
    with pytest.raises(RuntimeError):
        async with line.place(a_key("x")):
            raise RuntimeError

    async with asyncio.timeout(5), line.place(a_key("x")):
        pass
