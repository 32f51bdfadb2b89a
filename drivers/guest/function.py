"""One user function inside its worker: loaded once, called once or, with reuse, many times.

Every answer carries the nonce of its call, so that nothing a call left behind can pass for the
answer of the next one.
"""

from __future__ import annotations

from marshal import loads

from drivers.guest.channel import ERROR, NONCE_BYTES, RESULT, Channel, frame
from drivers.guest.journal import Journal
from drivers.guest.language.caches import empty_caches
from drivers.guest.language.facade import Facade
from drivers.guest.language.globals import build_globals
from drivers.guest.language.result import BadResult, encode_result
from drivers.guest.language.trace import Step, describe
from drivers.guest.leftovers import Leftovers
from drivers.guest.notation import decode, encode

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from types import CodeType
    from typing import TypeAlias

    _Answer: TypeAlias = tuple[int, bytes]


def _error_body(nonce: str, kind: str, **members: object) -> bytes:
    # In UTF-8 as it is: escapes could make an error longer than its frame may be.
    return encode({"nonce": nonce, "kind": kind, **members}).encode("utf-8", "replace")


def _told(nonce: str, kind: str, error: BaseException) -> bytes:
    failure = describe(error)
    return _error_body(
        nonce,
        kind,
        type=failure.type,
        message=failure.message,
        hint=failure.hint,
        trace=_trace(failure.steps),
        causes=[
            [cause.type, cause.message, cause.is_explicit, _trace(cause.steps)]
            for cause in failure.causes
        ],
    )


def _trace(steps: tuple[Step, ...]) -> list[list[object]]:
    return [[step.line, step.start, step.end, step.function] for step in steps]


class Function:
    """Run user code and put its answer into frames."""

    def __init__(self, code: bytes, log_bytes: int, result_bytes: int) -> None:
        """Load marshalled code that our own compiler made.

        The limits are checked again by the host. `is_spent` says that it must not be called again.
        """
        loaded: CodeType = loads(code)  # noqa: S302 - made by our compiler, and we are inside.
        self._code = loaded
        self._log_bytes = log_bytes
        self._result_bytes = result_bytes
        self._leftovers: Leftovers | None = None
        self._is_used = False
        self.is_spent = False

    def expect_reuse(self) -> None:
        """Tidy up after each call from now on, because others follow."""
        self._leftovers = Leftovers(self._code)

    def call(self, body: bytes, channel: Channel) -> None:
        """Serve one call frame and write the log and the answer."""
        nonce = body[:NONCE_BYTES].decode()
        journal = Journal(self._log_bytes, channel)
        kind, answer = self._answer(nonce, body, journal)
        journal.hand_on()
        journal.close()
        channel.write(frame(kind, answer))

    def _answer(self, nonce: str, body: bytes, journal: Journal) -> _Answer:
        if self._is_used:
            # What finalisers of the last call left there while it was tidied up.
            empty_caches()
        self._is_used = True
        names = build_globals(journal)
        try:
            encoded = encode_result(self._run(names, body))
        except MemoryError:
            # What the call holds is freed first; telling about it takes memory, too.
            names.clear()
            return ERROR, _error_body(nonce, "out_of_memory")
        except BadResult as error:
            return ERROR, _error_body(nonce, "bad_result", type="BadResult", message=str(error))
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like are the user's, too.
            return ERROR, _told(nonce, "user_error", error)
        finally:
            if self._leftovers is not None:
                self.is_spent = not self._leftovers.end(names)
        size = len(encoded)
        if size > self._result_bytes:
            return ERROR, _error_body(nonce, "result_too_large", size=size)
        return RESULT, b'{"nonce":"%s","value":%s}' % (nonce.encode(), encoded)

    def _run(self, names: dict[str, object], body: bytes) -> object:
        given = decode(body[NONCE_BYTES:].decode())
        exec(self._code, names)  # noqa: S102 - running user code is what this process is for.
        handler = names.get("handler")
        if not callable(handler):
            raise TypeError("handler is no function any more: the top of the file replaced it")
        return handler(given["event"], Facade("context", given["context"]))
