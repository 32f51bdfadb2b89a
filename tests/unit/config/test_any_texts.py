"""Whatever is found, there are settings or a refusal that names the variable."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from config.catalogue import BY_NAME, CATALOGUE
from config.errors import ConfigRejected
from config.layers import Layers
from config.loader import build_snapshot
from config.memory import MemorySealer
from config.ports import Sealer
from config.secrets import secret_place
from config.snapshot import Snapshot
from config.stored import StoredBody

_NAMES = st.sampled_from(sorted(BY_NAME))
_LIKELY = st.sampled_from(
    [
        *("", " ", "true", "false", "0", "1", "-1", "65536", "1e9", "30m", "1GiB", "[]", "a,b"),
        *("LOCAL", "DISABLED", "S_3", "SMTP", "https://a.example", "* * * * *", "\0", "\ud800"),
        *(word for variable in CATALOGUE for word in variable.words),
    ]
)
_TEXTS = st.dictionaries(_NAMES, _LIKELY | st.text(max_size=60), max_size=12)
_ANY_NAME = st.dictionaries(
    _NAMES | st.text(max_size=20), _LIKELY | st.text(max_size=60), max_size=8
)


def attempt(
    layers: Layers, body: StoredBody | None = None, sealer: Sealer | None = None
) -> Snapshot | ConfigRejected:
    """Return the settings or the refusal; anything else is raised."""
    try:
        return build_snapshot(layers, body, sealer=sealer)
    except ConfigRejected as refused:
        return refused


def judged(
    layers: Layers, body: StoredBody | None = None, sealer: Sealer | None = None
) -> Snapshot | None:
    """Return the settings, or None after a refusal that names variables of ours."""
    outcome = attempt(layers, body, sealer)
    if isinstance(outcome, Snapshot):
        return outcome
    assert outcome.problems
    assert {problem.name for problem in outcome.problems} <= set(BY_NAME)
    assert all(problem.reason for problem in outcome.problems)
    return None


@given(environment=_TEXTS, env_file=_TEXTS, stored=_TEXTS)
def test_any_texts_give_settings_or_a_refusal_by_name(
    environment: dict[str, str], env_file: dict[str, str], stored: dict[str, str]
) -> None:
    """No mapping of texts is answered with another error, wherever it was found."""
    snapshot = judged(Layers(environment=environment, env_file=env_file), StoredBody(7, stored))

    assert snapshot is None or set(snapshot.sources) == {variable.name for variable in CATALOGUE}


@given(stored=_ANY_NAME)
def test_what_is_stored_under_an_unknown_name_is_told_and_does_no_harm(
    stored: dict[str, str],
) -> None:
    """A body of a later release can be read; what is not for us is named."""
    snapshot = judged(Layers(), StoredBody(7, stored))

    if snapshot is not None:
        assert snapshot.revision == 7
        strangers = {name for name in stored if name not in BY_NAME or BY_NAME[name].is_env_only}
        assert strangers <= set(snapshot.ignored)


@given(texts=_TEXTS)
def test_secrets_open_into_settings_and_never_into_a_refusal(texts: dict[str, str]) -> None:
    """A sealed value counts like a plain one, and no refusal repeats it."""
    sealer = MemorySealer(secrets.randbits)
    sealed = {
        name: sealer.seal(text, secret_place(name)) if BY_NAME[name].is_sensitive else text
        for name, text in texts.items()
    }

    opened = judged(Layers(), StoredBody(1, sealed), sealer)
    raw = judged(Layers(), StoredBody(1, texts), sealer)

    secret = {
        name
        for name in texts
        if BY_NAME[name].is_sensitive
        and not BY_NAME[name].is_env_only
        and BY_NAME[name].name == name
    }
    if secret:
        # A raw text in the place of a sealed one is loud, and is never used as it is.
        assert raw is None
    if opened is not None:
        for name in secret:
            value: object = getattr(opened.settings, BY_NAME[name].field)
            assert BY_NAME[name].text_of(value) == texts[name]


@given(text=st.text(min_size=6, max_size=40), name=_NAMES)
def test_a_refusal_never_repeats_a_value(text: str, name: str) -> None:
    """A secret that was written to the wrong variable does not reach a log by its refusal."""
    value = f"<{text}>"
    outcome = attempt(Layers(environment={name: value}))

    if isinstance(outcome, ConfigRejected):
        assert value not in str(outcome)
        assert all(value not in str(fact) for fact in outcome.facts.values())
