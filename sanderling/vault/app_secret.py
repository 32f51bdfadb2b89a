"""What makes a secret fit to derive keys from."""

import re

MIN_LENGTH = 32
MIN_VARIETY = 10
"""Among 32 characters drawn at random there are more different ones than this, nearly always."""

_PLACEHOLDERS = ("replaceme", "changeme", "changethis", "randomstring", "yoursecret", "appsecret")
"""What examples in documentation are made of, among them `replace_me_with_a_random_string`."""


def weakness_of(secret: str) -> str | None:
    """Return why `secret` must not seal anything; None when nothing speaks against it."""
    letters = re.sub(r"[^a-z0-9]", "", secret.lower())
    if any(placeholder in letters for placeholder in _PLACEHOLDERS):
        return "APP_SECRET is an example that everybody knows"
    if len(secret) < MIN_LENGTH:
        return f"APP_SECRET is shorter than {MIN_LENGTH} characters"
    if len(set(secret)) < MIN_VARIETY:
        return f"APP_SECRET has fewer than {MIN_VARIETY} different characters"
    return None
