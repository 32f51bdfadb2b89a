"""How large a rate limit may be: what `runner.function.RateLimit` keeps, and no more."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from config.kinds import Milliseconds, Whole

MAX_LIMIT: Final = 10_000_000
MAX_WINDOW_MS: Final = 30 * 86_400_000

Limit: TypeAlias = Annotated[Whole, Field(ge=1, le=MAX_LIMIT)]
Window: TypeAlias = Annotated[Milliseconds, Field(ge=1, le=MAX_WINDOW_MS)]
