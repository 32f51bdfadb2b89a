"""Versions of messages of Microsoft's sort as the moments do of which they tell."""

import pytest

from jobs.providers.microsoft.message import version_of

MOMENTS = (
    "2026-11-26T09:00:12Z",
    "2026-11-26T09:00:12.05Z",
    "2026-11-26T09:00:12.5Z",
    "2026-11-26T09:00:13.0000000Z",
    "2026-11-26T11:00:14+02:00",
)


def test_versions_sort_as_moments_do() -> None:
    """Whether or not a moment comes with fractions, or with an offset."""
    versions = [version_of({"lastModifiedDateTime": each}) for each in MOMENTS]

    assert versions == sorted(set(versions))


@pytest.mark.parametrize("fields", [{}, {"lastModifiedDateTime": "soon"}])
def test_what_is_no_moment_is_the_lowest(fields: dict[str, object]) -> None:
    """It is older than any that is one."""
    assert version_of(fields) == "" < version_of({"lastModifiedDateTime": MOMENTS[0]})


@pytest.mark.parametrize("kept", ["2026-11-01T10:00:00Z", "2026-11-01T10:00:00.5Z"])
def test_a_version_that_was_kept_in_their_own_words_is_not_newer(kept: str) -> None:
    """What was kept before versions had one form does not keep later answers out."""
    assert kept <= version_of({"lastModifiedDateTime": kept})
    assert kept < version_of({"lastModifiedDateTime": "2026-11-01T10:00:01Z"})
