"""Microsoft's sign-in and Graph, with mail and calendar, over the neutral core."""

from sanderling.simulator.microsoft.office import Office
from sanderling.simulator.microsoft.site import microsoft_site, microsoft_world

__all__ = ["Office", "microsoft_site", "microsoft_world"]
