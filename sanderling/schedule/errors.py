"""Why a schedule is turned away before anything waits for it."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class CronRefused(Refusal):
    """The cron expression {expression!r} cannot be used: {reason}.

    Write minute, hour, day of the month, month and day of the week, such as `30 9 * * MON-FRI`; a
    sixth field in front of them names seconds.
    """

    code: ClassVar[str] = "cron_refused"

    def __init__(self, *, expression: str, reason: str) -> None:
        """Keep at most the first 80 characters of the expression."""
        super().__init__(expression=expression[:80], reason=reason)


class TimeZoneRefused(Refusal):
    """There is no time zone {name!r}.

    Use a name of the IANA database, such as `Europe/Berlin`, or `UTC`.
    """

    code: ClassVar[str] = "time_zone_refused"

    def __init__(self, *, name: str) -> None:
        """Keep at most the first 80 characters of the name."""
        super().__init__(name=name[:80])


class CatchUpRefused(Refusal):
    """Catching up on {most} missed runs cannot be promised.

    Choose 1 to {largest}; what is older than those runs is left out.
    """

    code: ClassVar[str] = "catch_up_refused"

    def __init__(self, *, most: int, largest: int) -> None:
        """Keep what was asked for and what there is."""
        super().__init__(most=most, largest=largest)


class MomentRefused(Refusal):
    """Runs cannot be looked for from the year {year}.

    Choose a moment in the years {first} to {last}; calendars run out of dates at both ends.
    """

    code: ClassVar[str] = "moment_refused"

    def __init__(self, *, year: int, first: int, last: int) -> None:
        """Keep the year that was asked for and those that there are."""
        super().__init__(year=year, first=first, last=last)
