"""What host and zygote tell each other, one message per datagram on the control socket.

- The host sends the configuration as JSON, then `FORK` + serial with a socket attached for each
  worker it wants. The end of the socket means that the host is gone or done.
- The zygote sends `READY` + report, or `FAILED` + why; for each fork `FORKED` + serial + pid with
  a pidfd attached, or `NOT_FORKED` + serial + errno; for each death `DIED` + serial + what wait4
  told: status, peak KiB, CPU seconds.
"""

import struct

BIND_NOW = "LD_BIND_NOW"
"""The variable by which the dynamic linker finds every symbol at the start of the zygote."""

READY = b"R"
FAILED = b"X"
FORK = b"F"
FORKED = b"P"
NOT_FORKED = b"N"
DIED = b"D"

FORK_HEAD = struct.Struct(">cQ")
FORKED_HEAD = struct.Struct(">cQI")
DIED_HEAD = struct.Struct(">cQiQd")

FD_BYTES = struct.calcsize("i")
