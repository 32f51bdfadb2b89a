"""Triggers as they look over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self, assert_never

from pydantic import Field

from runner.ports import Page
from runner.triggers.record_pattern import MAX_FIELDS
from runner.triggers.route_pattern import MAX_PATTERN
from runner.triggers.standing import Standing
from runner.triggers.trigger import (
    MAX_HEADERS,
    MAX_JITTER_S,
    CronSchedule,
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    Settings,
    Trigger,
)
from sanderling.api.function_models import Asked, Name, Shown
from sanderling.kernel.jsontext import decode, encode
from sanderling.schedule.catch_up import LARGEST_CATCH_UP, CatchUp
from sanderling.schedule.overlap import Overlap

KindWord = Literal["http", "record", "cron"]
CatchUpWord = Literal["skip", "one", "all"]
OverlapWord = Literal["skip", "queue", "allow"]
MethodWord = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
EventWord = Literal["request", "body"]
ReplyWord = Literal["result", "response"]

Path = Annotated[
    str,
    # Described here; `HTTPRoute` refuses, and says what is wrong.
    Field(
        description="What follows `/s`: literal segments, `:name` for one, `*name` for the rest.",
        json_schema_extra={"maxLength": MAX_PATTERN, "examples": ["/orders/:id"]},
    ),
]
Headers = Annotated[
    list[str],
    Field(
        default_factory=list,
        description="The request headers that the function is given, in small letters.",
        json_schema_extra={"maxItems": MAX_HEADERS},
    ),
]
EventName = Annotated[
    str,
    Field(
        description="`OBJECT.OPERATION`, either of which may be `*`.",
        json_schema_extra={"examples": ["company.updated", "*.created"]},
    ),
]
Fields = Annotated[
    list[str],
    Field(
        default_factory=list,
        description="Only updates that touch one of these; empty means any.",
        json_schema_extra={"maxItems": MAX_FIELDS},
    ),
]

Expression = Annotated[
    str,
    Field(
        description="Minute, hour, day of the month, month, day of the week; a sixth field in "
        "front is the second.",
        json_schema_extra={"examples": ["30 9 * * MON-FRI"]},
    ),
]
Zone = Annotated[
    str,
    Field(
        description="The time zone whose clocks are read.",
        json_schema_extra={"examples": ["Europe/Berlin"]},
    ),
]
CatchUpChoice = Annotated[
    CatchUpWord,
    Field(description="Which moments are made up for that came while no worker was there."),
]
CatchUpMost = Annotated[
    int,
    Field(
        description="With `all`, how many of the latest at most.",
        json_schema_extra={"minimum": 1, "maximum": LARGEST_CATCH_UP},
    ),
]
OverlapChoice = Annotated[
    OverlapWord, Field(description="What becomes of a moment while the last call is not over.")
]
Jitter = Annotated[
    int,
    Field(
        description="Seconds of which each call is put off by a part, for one moment always the "
        "same.",
        json_schema_extra={"minimum": 0, "maximum": MAX_JITTER_S},
    ),
]
Payload = Annotated[
    Any,
    Field(default_factory=dict, description="JSON that the function is given as `payload`."),
]


class AskedRoute(Asked):
    """Requests at `/s` and then `path`."""

    kind: Literal["http"]
    path: Path
    http_method: MethodWord
    is_auth_required: bool = True
    forwarded_request_headers: Headers
    event: EventWord = "request"
    reply: ReplyWord = "result"
    is_queued: bool = False

    def settings(self) -> HTTPRoute:
        """Return the settings that were asked for.

        Raises:
            TriggerRefused: one does not fit.

        """
        return HTTPRoute(
            path=self.path,
            http_method=HTTPMethod(self.http_method),
            is_auth_required=self.is_auth_required,
            forwarded_request_headers=tuple(self.forwarded_request_headers),
            event=EventShape(self.event),
            reply=ReplyShape(self.reply),
            is_queued=self.is_queued,
        )


class AskedWatch(Asked):
    """Changes of records."""

    kind: Literal["record"]
    event_name: EventName
    updated_fields: Fields

    def settings(self) -> RecordWatch:
        """Return the settings that were asked for.

        Raises:
            TriggerRefused: one does not fit.

        """
        return RecordWatch(self.event_name, tuple(self.updated_fields))


class AskedSchedule(Asked):
    """Moments, by a cron expression."""

    kind: Literal["cron"]
    expression: Expression
    zone: Zone = "UTC"
    catch_up: CatchUpChoice = "one"
    catch_up_most: CatchUpMost = 10
    overlap: OverlapChoice = "skip"
    jitter_s: Jitter = 0
    payload: Payload

    def settings(self) -> CronSchedule:
        """Return the settings that were asked for.

        Raises:
            TriggerRefused: one does not fit.

        """
        return CronSchedule(
            expression=self.expression,
            zone=self.zone,
            catch_up=CatchUp(self.catch_up),
            catch_up_most=self.catch_up_most,
            overlap=Overlap(self.overlap),
            jitter_s=self.jitter_s,
            payload_json=encode(self.payload).decode(),
        )


AskedSettings = Annotated[AskedRoute | AskedWatch | AskedSchedule, Field(discriminator="kind")]


class AskedTriggerChange(Asked):
    """The settings that a trigger is to have; what is left out has its default again."""

    settings: AskedSettings


class AskedTrigger(AskedTriggerChange):
    """A new trigger of a function."""

    function: Name
    is_enabled: bool = True


class AskedMove(Asked):
    """Where a trigger is to stand: just before another one, or, with null, behind all."""

    before: str | None


class ShownRoute(Shown):
    """Requests at `/s` and then `path`."""

    kind: Literal["http"]
    path: str
    http_method: MethodWord
    is_auth_required: bool
    forwarded_request_headers: list[str]
    event: EventWord
    reply: ReplyWord
    is_queued: bool


class ShownWatch(Shown):
    """Changes of records."""

    kind: Literal["record"]
    event_name: str
    updated_fields: list[str]


class ShownSchedule(Shown):
    """Moments, by a cron expression."""

    kind: Literal["cron"]
    expression: str
    zone: str
    catch_up: CatchUpWord
    catch_up_most: int
    overlap: OverlapWord
    jitter_s: int
    payload: Any


class ShownCourse(Shown):
    """How far a cron trigger has come.

    `missed` counts moments at which no worker was there and that were not made up for,
    `overlapped` those left out because the last call was not over. `pending` are decided on and
    not queued yet; `detail` is the code of what stood in the way last.
    """

    last_run_at: datetime | None
    last_execution_id: str | None
    pending: int
    missed: int
    overlapped: int
    detail: str


ShownSettings = Annotated[ShownRoute | ShownWatch | ShownSchedule, Field(discriminator="kind")]


class TriggerRow(Shown):
    """A trigger as lists show it.

    Among HTTP triggers the first that takes a request, by `position`, gets it.
    """

    id: str
    function: Name
    kind: KindWord
    position: Annotated[int, Field(ge=1)]
    is_enabled: bool
    settings: ShownSettings
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, trigger: Trigger) -> Self:
        """Return the row of a trigger."""
        return cls(**_members(trigger))


class ShownTrigger(TriggerRow):
    """A trigger; `shadowed_by` is the enabled one before it that takes all its requests.

    `next_runs` are the next five moments of a cron trigger, before jitter; none while it is
    disabled. `course` is how far it has come, and null for others.
    """

    shadowed_by: str | None
    next_runs: list[datetime]
    course: ShownCourse | None

    @classmethod
    def seen(cls, trigger: Trigger, standing: Standing) -> Self:
        """Return what is shown of a trigger and of how it stands."""
        return cls(
            **_members(trigger),
            shadowed_by=standing.shadow.id if standing.shadow else None,
            next_runs=list(standing.next_runs),
            course=_course(standing),
        )


class TriggerPage(Shown):
    """Triggers by position; `next_cursor` continues after them and is null at the end."""

    items: list[TriggerRow]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Trigger]) -> Self:
        """Return what is shown of a page of triggers."""
        return cls(items=[TriggerRow.of(row) for row in page.rows], next_cursor=page.next_cursor)


def settings_of(shown: ShownSettings) -> Settings:
    """Return the settings that are shown."""
    match shown:
        case ShownRoute():
            return AskedRoute.model_validate(shown.model_dump()).settings()
        case ShownWatch():
            return AskedWatch.model_validate(shown.model_dump()).settings()
        case ShownSchedule():
            return AskedSchedule.model_validate(shown.model_dump()).settings()


def _members(trigger: Trigger) -> dict[str, Any]:
    return {
        "id": trigger.id,
        "function": trigger.function_name,
        "kind": trigger.kind.value,
        "position": trigger.position,
        "is_enabled": trigger.is_enabled,
        "settings": _shown(trigger.settings),
        "created_at": trigger.created_at,
        "updated_at": trigger.updated_at,
    }


def _course(standing: Standing) -> ShownCourse | None:
    course = standing.course
    if course is None:
        return None
    return ShownCourse(
        last_run_at=course.last_tick_at,
        last_execution_id=course.last_execution_id,
        pending=len(course.pending),
        missed=course.missed,
        overlapped=course.overlapped,
        detail=course.detail,
    )


def _shown(settings: Settings) -> ShownRoute | ShownWatch | ShownSchedule:
    members: dict[str, Any] = asdict(settings)
    match settings:
        case HTTPRoute():
            return ShownRoute(kind="http", **members)
        case RecordWatch():
            return ShownWatch(kind="record", **members)
        case CronSchedule():
            payload = decode(members.pop("payload_json").encode())
            return ShownSchedule(kind="cron", **members, payload=payload)
        case _:
            assert_never(settings)
