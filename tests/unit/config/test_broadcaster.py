"""New settings are put in force in every part, or in none."""

import asyncio
from dataclasses import dataclass, field

import pytest

from config.broadcaster import Broadcaster
from config.errors import ConfigRejected, PartRefused, Problem
from config.subscriber import Prepared
from config.variables import Settings

OLD = Settings()
NEW = Settings.model_validate({"LOG_LEVEL": "ERROR", "EMAIL_FROM_NAME": "new"})


@dataclass
class Part:
    """Writes down what happens to it; its trouble is raised, or waited for."""

    name: str
    variable: str = "log_level"
    trouble: Exception | asyncio.Event | None = None
    events: list[str] = field(default_factory=list[str])

    def needs(self, settings: Settings) -> object:
        """Return one value."""
        value: object = getattr(settings, self.variable)
        return value

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare, or meet the trouble."""
        if isinstance(self.trouble, asyncio.Event):
            await self.trouble.wait()
        elif self.trouble:
            raise self.trouble
        self.events.append("prepared")

        async def discard() -> None:
            self.events.append("discarded")

        return Prepared(lambda: self.events.append(f"runs by {self.needs(settings)}"), discard)


async def test_only_parts_that_need_other_values_are_rebuilt() -> None:
    """A part whose values stay is left alone."""
    affected, other = Part("a"), Part("b", variable="smtp_port")

    assert await Broadcaster([affected, other], OLD).apply(NEW) == ("a",)

    assert affected.events == ["prepared", "runs by ERROR"]
    assert other.events == []


async def test_applying_the_same_again_does_nothing() -> None:
    """What is in force is remembered."""
    part = Part("a")
    broadcaster = Broadcaster([part], OLD)
    await broadcaster.apply(NEW)

    assert await broadcaster.apply(NEW) == ()
    assert await broadcaster.apply(OLD) == ("a",)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (ConfigRejected([Problem("LOG_LEVEL", "too loud")]), "too loud"),
        (asyncio.Event(), "not ready within 0.01 seconds"),
        (ZeroDivisionError("hunter2"), r"a defect \(ZeroDivisionError\)"),
    ],
)
async def test_when_one_part_fails_none_changes(
    trouble: Exception | asyncio.Event, reason: str
) -> None:
    """What was prepared is given back, the reason names the part, and a retry is a new attempt."""
    good, bad = Part("good"), Part("bad", trouble=trouble)
    broadcaster = Broadcaster([good, bad], OLD, prepare_timeout_s=0.01)

    with pytest.raises(PartRefused, match=f"The bad cannot follow .*{reason}") as refused:
        await broadcaster.apply(NEW)

    assert good.events == ["prepared", "discarded"]
    assert "hunter2" not in str(refused.value)
    bad.trouble = None
    assert await broadcaster.apply(NEW) == ("good", "bad")


async def test_a_change_that_is_cancelled_leaves_nothing_behind() -> None:
    """A process that ends gives back what it had prepared."""
    good, slow = Part("good"), Part("slow", trouble=asyncio.Event())
    task = asyncio.create_task(Broadcaster([good, slow], OLD).apply(NEW))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert good.events == ["prepared", "discarded"]
