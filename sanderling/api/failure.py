"""What an exception means to the caller."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from sanderling.api.allow import allowed_methods
from sanderling.api.errors import (
    InternalError,
    MethodRefused,
    Misfit,
    RequestInvalid,
    RouteUnknown,
)
from sanderling.kernel.errors import Failure


def _misfits(error: RequestValidationError) -> list[Misfit]:
    found: list[Misfit] = []
    for each in error.errors():
        place, *path = (str(part) for part in each["loc"])
        found.append(Misfit(place, ".".join(path), each["msg"].removeprefix("Value error, ")))
    return found


def failure_of(scope: Scope, error: Exception) -> Failure:
    """Return what an exception means to the caller; what nobody foresaw is internal."""
    match error:
        case Failure():
            return error
        case RequestValidationError():
            return RequestInvalid(_misfits(error))
        case HTTPException(status_code=404 | 405):
            allowed = allowed_methods(scope["path"])
            # A route that another one hides (any method, any path) would else seem unknown.
            if allowed and scope["method"] not in allowed:
                return MethodRefused(method=scope["method"], allowed=allowed)
            return RouteUnknown()
        case _:
            return InternalError()
