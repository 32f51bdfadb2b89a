"""What goes wrong with streams."""

from sanderling.kernel.errors import Refusal


class LeaseLost(Refusal):
    """Another worker took over this stream; nothing was written."""

    code = "stream_lease_lost"
