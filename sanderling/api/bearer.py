"""The API key of a request."""

from sanderling.access.principal import BearerKey


def bearer_key(authorization: str | None) -> BearerKey | None:
    """Return the key of an `Authorization: Bearer KEY` header; None without one."""
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return None
    return BearerKey(text.strip())
