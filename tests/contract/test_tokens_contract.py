"""What everything that gives out access tokens promises."""

import pytest

from jobs.accounts.tokens import MemoryTokens, Tokens
from jobs.sync.faults import AuthRevoked

ACCOUNT = "acc_1"


@pytest.fixture
def tokens() -> Tokens:
    """Return tokens of an account that can be refreshed once."""
    made = MemoryTokens()
    made.grant(ACCOUNT, "first", "second")
    return made


async def test_a_token_stays_until_it_is_refused(tokens: Tokens) -> None:
    """Asking again gives the same token."""
    assert [await tokens.access_token(ACCOUNT) for _ in range(2)] == ["first", "first"]


async def test_a_stale_token_is_refreshed_once(tokens: Tokens) -> None:
    """Who comes later with the same stale token gets what the first one brought."""
    assert [await tokens.refresh(ACCOUNT, "first") for _ in range(2)] == ["second", "second"]
    assert await tokens.access_token(ACCOUNT) == "second"


async def test_consent_that_ended_says_so(tokens: Tokens) -> None:
    """When the provider gives no further token, nobody is let in any more."""
    await tokens.refresh(ACCOUNT, "first")

    with pytest.raises(AuthRevoked):
        await tokens.refresh(ACCOUNT, "second")
    with pytest.raises(AuthRevoked):
        await tokens.access_token(ACCOUNT)


async def test_an_unknown_account_has_no_token(tokens: Tokens) -> None:
    """An account that nobody connected is let in nowhere."""
    with pytest.raises(AuthRevoked):
        await tokens.access_token("acc_unknown")
