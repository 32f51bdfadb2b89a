"""HTTP to call, outcome to problem+json; no rules."""

from sanderling.api.app import create_app
from sanderling.api.services import Services

__all__ = ["Services", "create_app"]
