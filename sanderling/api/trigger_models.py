"""Triggers as they look over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self, assert_never

from pydantic import Field

from runner.ports import Page
from runner.triggers.record_pattern import MAX_FIELDS
from runner.triggers.route_pattern import MAX_PATTERN
from runner.triggers.trigger import (
    MAX_HEADERS,
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    Settings,
    Trigger,
)
from sanderling.api.function_models import Asked, Name, Shown

KindWord = Literal["http", "record"]
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


AskedSettings = Annotated[AskedRoute | AskedWatch, Field(discriminator="kind")]


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


ShownSettings = Annotated[ShownRoute | ShownWatch, Field(discriminator="kind")]


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
    """A trigger; `shadowed_by` is the enabled one before it that takes all its requests."""

    shadowed_by: str | None

    @classmethod
    def seen(cls, trigger: Trigger, shadow: Trigger | None) -> Self:
        """Return what is shown of a trigger and of what stands before it."""
        return cls(**_members(trigger), shadowed_by=shadow.id if shadow else None)


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


def _shown(settings: Settings) -> ShownRoute | ShownWatch:
    members: dict[str, Any] = asdict(settings)
    match settings:
        case HTTPRoute():
            return ShownRoute(kind="http", **members)
        case RecordWatch():
            return ShownWatch(kind="record", **members)
        case _:
            assert_never(settings)
