"""Bodies of those who show a key, on routes where the use-case is who looks at the key."""

from starlette.types import Receive, Scope

from runner.gate import Gate
from sanderling.access.principal import Credential
from sanderling.api.body import read_body
from sanderling.kernel.errors import Refusal
from sanderling.kernel.units import KIB

SMALL_BYTES = 256 * KIB
"""What anybody may send: so much comes in one piece, and may be here before it is asked for."""


async def read_known_body(
    scope: Scope, receive: Receive, *, gate: Gate, credential: Credential
) -> bytes:
    """Return the body; a large one of somebody unknown is taken for empty and never read.

    Such a request is refused for its key, whatever is in it. Reading first would let strangers
    fill the memory: a key that is none is as easily sent as none.
    """
    if not _is_small(scope) and not await _is_known(gate, credential):
        return b""
    return await read_body(receive)


def _is_small(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return value.isdigit() and int(value) <= SMALL_BYTES
        if name == b"transfer-encoding":
            return False
    return True


async def _is_known(gate: Gate, credential: Credential) -> bool:
    try:
        await gate.authenticate(credential)
    except Refusal:
        return False
    return True
