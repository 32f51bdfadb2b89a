"""Google as its clients meet it: sign-in, Gmail v1 and Calendar v3."""

from sanderling.simulator.google.site import google_site, google_world

__all__ = ["google_site", "google_world"]
