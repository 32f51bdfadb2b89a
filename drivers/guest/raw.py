"""Runs unrestricted Python inside the operating-system walls; only tests of those walls use it.

It stands for the worst case: user code that broke out of the language. Modules that attacks need
are loaded beforehand, so that they reach the walls instead of failing at an import.
"""

import json

from drivers.guest.channel import ERROR, NONCE_BYTES, RESULT, Channel, frame

ARMOURY = ("_thread", "array", "ctypes", "fcntl", "mmap", "resource", "signal", "socket", "termios")


def load_armoury() -> None:
    """Import what attacks use."""
    for name in ARMOURY:
        __import__(name)


class RawFunction:
    """Compile and run a source as it is."""

    is_spent = False

    def __init__(self, source: bytes) -> None:
        """Keep the source."""
        self._source = source

    def expect_reuse(self) -> None:
        """Do nothing: an attack is not tidied up after."""

    def call(self, body: bytes, channel: Channel) -> None:
        """Serve one call frame."""
        nonce = body[:NONCE_BYTES].decode()
        names: dict[str, object] = {}
        try:
            exec(self._source, names)  # noqa: S102 - attacks are run here on purpose.
            handler = names["handler"]
            assert callable(handler)  # noqa: S101 - corpus entries define it.
            value = handler(json.loads(body[NONCE_BYTES:])["event"], None)
            encoded = json.dumps(value, default=repr)
        except BaseException as error:  # noqa: BLE001 - whatever an attack raises is its answer.
            answer = {
                "nonce": nonce,
                "kind": "out_of_memory" if isinstance(error, MemoryError) else "user_error",
                "type": type(error).__name__,
                "message": str(error)[:300],
            }
            channel.write(frame(ERROR, json.dumps(answer).encode()))
        else:
            channel.write(frame(RESULT, f'{{"nonce":"{nonce}","value":{encoded}}}'.encode()))
