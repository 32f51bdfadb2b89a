"""Record events as they look over HTTP."""

import json
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue

from runner.triggers.record_events import LONGEST_ID, MOST_FIELDS, MOST_IN_BATCH
from sanderling.api.call_models import Described
from sanderling.api.function_models import Asked
from sanderling.api.moment import Moment
from sanderling.api.problem import problem_of
from sanderling.kernel.errors import Refusal
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.ids import RequestId, WorkspaceId

OperationWord = Literal["created", "updated", "deleted", "restored", "destroyed"]


class AskedRecordEvent(Asked):
    """One change of a record.

    `id` names the change once and for all: the same id again is the same change, and is not kept
    twice. `before` is null for what was created, `after` for what is gone.
    """

    # Bounds are told and not part of the schema: what breaks one is refused alone, with its batch.
    id: Annotated[str, Field(description=f"1 to {LONGEST_ID} printable ASCII characters.")]
    object: Annotated[str, Field(json_schema_extra={"examples": ["company"]})]
    operation: OperationWord
    record_id: Annotated[str, Field(description=f"1 to {LONGEST_ID} printable characters.")]
    happened_at: Moment
    before: JsonValue = None
    after: JsonValue = None
    updated_fields: Annotated[
        list[str],
        Field(default_factory=list, description=f"What an update touched; at most {MOST_FIELDS}."),
    ]

    def changed(self, workspace_id: WorkspaceId) -> RecordChanged:
        """Return the change, of a record of this workspace."""
        return RecordChanged(
            workspace_id=workspace_id,
            event_id=self.id,
            object=self.object,
            operation=RecordOperation(self.operation),
            record_id=self.record_id,
            happened_at=self.happened_at,
            before=self.before,
            after=self.after,
            updated_fields=tuple(self.updated_fields),
        )


class AskedRecordEvents(Asked):
    """Changes of records, each on its own."""

    events: Annotated[
        list[AskedRecordEvent],
        Field(json_schema_extra={"minItems": 1, "maxItems": MOST_IN_BATCH}),
    ]


class RecordEventItem(Described):
    """What became of one event: kept, known by its id, or refused with a problem."""

    index: Annotated[int, Field(ge=0)]
    id: str
    is_known: bool
    problem: Annotated[
        dict[str, JsonValue] | None, Field(description="An RFC 9457 problem, as the API has them.")
    ]


class RecordEventsAnswer(Described):
    """What became of each event, in its order."""

    items: list[RecordEventItem]

    @classmethod
    def of(
        cls,
        asked: AskedRecordEvents,
        answers: Sequence[bool | Refusal],
        request_id: RequestId,
    ) -> Self:
        """Return what is said of each event that was asked about."""
        return cls(
            items=[
                RecordEventItem(
                    index=index,
                    id=event.id,
                    is_known=answer is False,
                    problem=json.loads(problem_of(answer).body(request_id))
                    if isinstance(answer, Refusal)
                    else None,
                )
                for index, (event, answer) in enumerate(zip(asked.events, answers, strict=True))
            ]
        )
