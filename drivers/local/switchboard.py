"""Listens to many sockets for one event loop, at a fraction of what the loop's own readers cost.

A fresh worker speaks twice: hello, and its answer. Adding a reader to the loop for that takes it
half a dozen system calls, here it takes one.
"""

import asyncio
import select
from collections.abc import Callable


class Switchboard:
    """Call back whoever listens to a descriptor when there is something to read.

    It belongs to the loop that runs when it is made.
    """

    def __init__(self) -> None:
        """Start without listeners."""
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._listeners: dict[int, Callable[[], object]] = {}
        self._loop.add_reader(self._epoll.fileno(), self._call_back)

    def listen(self, fd: int, listener: Callable[[], object]) -> None:
        """Call `listener` whenever `fd` can be read; it may be called once more in vain."""
        self._listeners[fd] = listener
        self._epoll.register(fd, select.EPOLLIN)

    def hang_up(self, fd: int) -> None:
        """Listen no more; a descriptor that was closed is gone by itself."""
        if self._listeners.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def forget(self, fd: int) -> None:
        """Listen no more to a descriptor that is closed next, which the kernel notices."""
        self._listeners.pop(fd, None)

    def _call_back(self) -> None:
        for fd, _ in self._epoll.poll(0):
            listener = self._listeners.get(fd)
            if listener is not None:
                listener()

    def close(self) -> None:
        """Free the descriptor; doing so again is no fault."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
