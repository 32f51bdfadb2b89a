"""The floor of `bench http`: uvloop, one protocol, a fixed reply; `python -m bench.floor_server`.

It looks for the end of each request and for nothing else: no parser, no route, no work.
"""

import argparse
import asyncio
from typing import cast

import uvloop

from bench.workload import RESULT_JSON

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(RESULT_JSON),
    RESULT_JSON,
)


class _Floor(asyncio.Protocol):
    _waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not say that they are what they are.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (size := _request_bytes(self._waiting)) and size <= len(self._waiting):
            self._waiting = self._waiting[size:]
            self._transport.write(_REPLY)


def _request_bytes(data: bytes) -> int:
    """Return how long the first request is; 0 while its head is not whole."""
    head_bytes = data.find(_HEAD_END)
    if head_bytes < 0:
        return 0
    at = data.find(_LENGTH, 0, head_bytes)
    length = int(data[at + len(_LENGTH) : data.index(b"\r", at)]) if at >= 0 else 0
    return head_bytes + len(_HEAD_END) + length


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Floor, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
