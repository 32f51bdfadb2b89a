"""What goes wrong with streams."""

from sanderling.kernel.errors import Refusal


class LeaseLost(Refusal):
    """Another worker took over this stream; nothing was written."""

    code = "stream_lease_lost"


class HoldOver(Refusal):
    """The lease was not lengthened in time, so another worker may have taken over by now.

    Nothing more is asked of the provider; the stream is given back.
    """

    code = "stream_hold_over"
