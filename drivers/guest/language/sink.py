"""Where `print` goes: a bounded text in the worker, with a count of what did not fit."""

_SLICE = 65536


class Sink:
    """Keep the first `limit_bytes` bytes of what a call prints, and count the rest."""

    __slots__ = ("_limit_bytes", "_parts", "_used_bytes", "dropped_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._parts: list[str] = []
        self._used_bytes = 0
        self.dropped_bytes = 0

    def print(
        self,
        *values: object,
        sep: object = " ",
        end: object = "\n",
        file: None = None,
        flush: bool = False,  # noqa: ARG002 - the signature of print
    ) -> None:
        """Write like the built-in; there is no other file than this."""
        if file is not None:
            raise TypeError("print() writes to the call's log only; leave out file=")
        if not (sep is None or isinstance(sep, str)) or not (end is None or isinstance(end, str)):
            raise TypeError("sep and end of print() must be None or a string")
        # The methods of `str` itself: a subclass of the user's could bring its own.
        between = " " if sep is None else str.__str__(sep)
        last = "\n" if end is None else str.__str__(end)
        self.write(between.join(map(str, values)) + last)

    def write(self, text: str) -> None:
        """Append `text`; lone surrogates become question marks."""
        room = self._limit_bytes - self._used_bytes
        if len(text) <= room:
            data = text.encode("utf-8", "replace")
            if len(data) <= room:
                self._used_bytes += len(data)
                self._parts.append(data.decode())
                return
        kept = text[:room].encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
        kept_bytes = len(kept.encode())
        self.dropped_bytes += _size(text) - kept_bytes
        self._parts.append(kept)
        # Nothing may follow a cut: a log with holes reads as if it were whole.
        self._used_bytes = self._limit_bytes

    def __deepcopy__(self, memo: object) -> "Sink":
        return self  # A copy of `print` must not come with a fresh limit.

    def text(self) -> str:
        """Return what was kept."""
        return "".join(self._parts)

    def clear(self) -> None:
        """Give the memory back; used when the guest ran out of it."""
        self._parts.clear()


# In errors it speaks of itself by the name that users call it by.
Sink.print.__qualname__ = "print"
Sink.print.__module__ = "builtins"


def _size(text: str) -> int:
    """Count UTF-8 bytes slice by slice, so that a huge line is not copied whole."""
    if text.isascii():
        return len(text)
    return sum(
        len(text[start : start + _SLICE].encode("utf-8", "replace"))
        for start in range(0, len(text), _SLICE)
    )
