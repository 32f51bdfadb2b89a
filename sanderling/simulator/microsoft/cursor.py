"""Skip and delta tokens: opaque, bound to what they were given for, and short-lived."""

import base64
import json
from collections import defaultdict
from dataclasses import asdict, dataclass

from sanderling.simulator.microsoft import errors

_LIVE_GENERATIONS = 4
"""How many of a collection's newest delta links are good; Outlook keeps but the last few."""


@dataclass(frozen=True, slots=True)
class Round:
    """One walk through a collection: all of it where `since` is None, else what changed since.

    `until` is the last change that it tells of, `after` where the page before ended, and `repeat`
    what comes a second time.
    """

    owner: str
    collection: str
    epoch: int
    generation: int
    until: int
    since: int | None = None
    after: str = ""
    repeat: str = ""
    query: tuple[tuple[str, str], ...] = ()
    """What was asked for at the beginning, which the token carries on."""

    def asked(self, name: str) -> str:
        """Return a parameter of the beginning."""
        return dict(self.query).get(name, "")


class Cursors:
    """Write tokens and read them, for one world. One event loop owns it."""

    def __init__(self) -> None:
        """Start with none given out."""
        self._generations: dict[tuple[str, str], int] = defaultdict(int)

    def next_generation(self, owner: str, collection: str) -> int:
        """Return the number of a new delta link; those long before it end."""
        self._generations[owner, collection] += 1
        return self._generations[owner, collection]

    def generation(self, owner: str, collection: str) -> int:
        """Return the newest number."""
        return self._generations[owner, collection]

    def written(self, walk: Round) -> str:
        """Return the token that carries a walk on."""
        return base64.urlsafe_b64encode(json.dumps(asdict(walk)).encode()).rstrip(b"=").decode()

    def read(self, token: str, *, owner: str, collection: str, epoch: int, fresh: str) -> Round:
        """Return the walk of a token.

        Raises:
            Refused: the token was never given out, or for something else, or is too old.

        """
        try:
            fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            pairs = tuple((str(name), str(value)) for name, value in fields.pop("query"))
            walk = Round(**fields, query=pairs)
        except (ValueError, TypeError, KeyError, AttributeError):
            walk = None
        if walk is None or (walk.owner, walk.collection) != (owner, collection):
            message = "The sync state is not valid."
            raise errors.bad_request("ErrorInvalidSyncStateData", message)
        oldest = self._generations[owner, collection] - _LIVE_GENERATIONS
        if walk.epoch != epoch or walk.generation <= oldest:
            raise errors.cursor_unknown(fresh)
        return walk
