"""What host and zygote tell each other, one message per datagram on the control socket.

- The host sends the configuration as JSON, then messages of entries, each a kind and the serial of
  a worker: `FORK` asks for it and has a socket attached, in the order of the entries; `FORGET`
  says that it was killed and that its end interests nobody, and may name one that is not there;
  `WATCH` asks how it ended, and is sent only when it is about to. The end of the socket means that
  the host is gone or done.
- The zygote sends `READY` + report, or `FAILED` + why; for the forks of a message `FORKED` + serial
  + pid for each, with as many pidfds attached, or `NOT_FORKED` + serial + errno; for each watched
  death `DIED` + serial + what wait4 told: status, peak KiB, CPU seconds.

A worker is reaped only once the host has let go of it, so that its pid is nobody else's before.
"""

import struct

BIND_NOW = "LD_BIND_NOW"
"""The variable by which the dynamic linker finds every symbol at the start of the zygote."""

READY = b"R"
FAILED = b"X"
FORK = b"F"
FORGET = b"G"
WATCH = b"W"
FORKED = b"P"
NOT_FORKED = b"N"
DIED = b"D"

ENTRY = struct.Struct(">cQ")
FORKED_HEAD = struct.Struct(">cQI")
DIED_HEAD = struct.Struct(">cQiQd")

MOST_FORKS = 8
"""How many workers one message may ask for."""

MOST_ENTRIES = 256
"""How many entries one message may have."""

FD_BYTES = struct.calcsize("i")
