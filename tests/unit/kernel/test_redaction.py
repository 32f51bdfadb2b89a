"""Redaction: what a rule names is gone, wherever else it stands, and time is bounded."""

import json
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.jsontext import JSON
from sanderling.kernel.masking import MAX_SECRETS, REDACTED, Secrets, Unbounded
from sanderling.kernel.redaction import (
    DEFAULT_RULES,
    MAX_NAMES,
    Redactor,
    RedactRuleRefused,
    fold,
)

USUAL = Redactor(DEFAULT_RULES)

WORDS = st.text(st.characters(categories=("L", "N")), min_size=6, max_size=12)
NAMES = st.sampled_from(
    ["a", "password", "user_Password", "X-Api-Key", "api key", "total", "token", "tokens", "ß"]
)
LEAVES = st.none() | st.booleans() | st.integers() | WORDS
VALUES: st.SearchStrategy[JSON] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)


def redacted(rules: list[str], value: JSON) -> JSON:
    """Return what is left of `value` under `rules`."""
    return Redactor(rules).redact(value, Secrets())


@pytest.mark.parametrize(
    ("rule", "name", "is_named"),
    [
        ("password", "password", True),
        ("password", "PassWord", True),
        ("password", "pass-word", True),
        ("password", "user_password", False),
        ("*password", "user_password", True),
        ("*password", "passwords", False),
        ("pass*", "pass_phrase", True),
        ("*api_key*", "x-API-Key-2", True),
        ("größe", "GRÖSSE", True),
    ],
)
def test_a_rule_names_members(rule: str, name: str, is_named: bool) -> None:  # noqa: FBT001 - a table's column.
    """Case, dashes, underscores and blanks do not matter; stars stand for the rest."""
    assert {name: REDACTED if is_named else 1} == redacted([rule], {name: 1})


def test_a_path_names_what_lies_at_its_end() -> None:
    """Lists are looked through, and a path may begin anywhere."""
    value: JSON = {"order": {"cards": [{"number": 1, "kind": "x"}]}, "number": 2}

    expected = {"order": {"cards": [{"number": REDACTED, "kind": "x"}]}, "number": 2}
    assert expected == redacted(["card*.number"], value)
    assert value == redacted(["order.number"], value)


@pytest.mark.parametrize(
    "rule", ["", "*", "**", ".", "a..b", "a*b", "-_ ", "a\nb", 'a"b', "x" * 101]
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    """A rule that would name everything, or nothing, is told at once."""
    with pytest.raises(RedactRuleRefused):
        Redactor([rule])


def test_there_are_not_too_many_rules() -> None:
    """Each call is held against all of them."""
    with pytest.raises(RedactRuleRefused):
        Redactor(["a"] * 101)


@given(value=VALUES, indent=st.sampled_from([None, 1]), is_ascii=st.booleans())
def test_the_quick_look_never_misses(value: JSON, indent: int | None, is_ascii: bool) -> None:  # noqa: FBT001 - a drawn value.
    """Whatever a rule would change is parsed, however the text is written."""
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()

    if USUAL.redact(value, Secrets()) != value:
        assert USUAL.may_match(text)


@pytest.mark.parametrize(
    "text",
    [
        rb'{"pass\u0077ord": 1}',
        rb'{"password" : 1}',
        b'{"password"\n:1}',
        rb'{"x\"password": 1}',
        rb'{"password\"x": 1}',
        '{"API\u2011KEY": 1, "\u017fecret": 1}'.encode(),
        b'{"a":":","token":1}',
        b'{"password:1":"x"}',
        b'{"a:password:b" :"x"}',
    ],
)
def test_a_disguised_name_is_seen(text: bytes) -> None:
    """Escapes, white space and odd letters hide nothing."""
    assert USUAL.may_match(text)
    assert REDACTED in json.dumps(USUAL.redact(json.loads(text), Secrets()))


def test_an_escaped_slash_hides_no_name() -> None:
    """JSON may write a slash in two ways."""
    assert Redactor(["a/b"]).may_match(rb'{"a\/b": 1}')


@given(value=VALUES, other=VALUES, text=WORDS)
def test_no_copy_of_a_secret_is_left(value: JSON, other: JSON, text: str) -> None:
    """What a rule took out is in no other value and in no text, in no form."""
    secrets = Secrets()
    cleaned = USUAL.redact(value, secrets)
    texts = [each for each in _texts_under_rules(value) if len(each) >= 6 and each not in REDACTED]
    noise = f"{text}{''.join(texts)}{text!r}{json.dumps(value)}"

    kept = json.dumps([secrets.mask_json(cleaned), secrets.mask_json(other)], ensure_ascii=False)
    kept += secrets.mask(noise, may_be_cut=True)

    assert [each for each in texts if each in kept] == []


def _texts_under_rules(value: JSON, *, is_named: bool = False) -> list[str]:
    """Return every text and number under a name that a usual rule is about, told by hand."""
    match value:
        case dict():
            return [
                text
                for name, member in value.items()
                for text in _texts_under_rules(
                    member,
                    is_named=is_named
                    or any(part in fold(name) for part in ("password", "apikey"))
                    or fold(name).endswith("token"),
                )
            ]
        case list():
            return [text for each in value for text in _texts_under_rules(each, is_named=is_named)]
        case bool() | None:
            return []
        case str():
            return [value] if is_named else []
        case _:
            return [json.dumps(value)] if is_named else []


@pytest.mark.parametrize(
    "printed",
    [
        repr({"key": "it's \n a \\ se\0cret"}),
        repr("it's \n a \\ se\0cret"),
        json.dumps("it's \n a \\ se\0cret"),
        "it%27s%20%0A%20a%20%5C%20se%00cret",
    ],
)
def test_a_secret_is_found_as_people_print_it(printed: str) -> None:
    """Python, JSON and URLs each write the same text in their own way."""
    secrets = Secrets()
    secrets.add("it's \n a \\ se\0cret")

    assert "cret" not in secrets.mask(printed)


@pytest.mark.parametrize(
    "printed",
    [
        "token=it%27s+a%2fb%2Ac",
        "token=it's+a/b*c",
        "token=it's%20a%2fb*c",
        "/it%27s%20a/b%2Ac",
    ],
)
def test_a_secret_is_found_as_any_form_or_url_spells_it(printed: str) -> None:
    """Browsers and libraries escape other characters, in small letters too, and blanks as plus."""
    secrets = Secrets()
    secrets.add("it's a/b*c")

    assert not unquote_plus(secrets.mask(printed)).endswith("b*c")
    assert REDACTED in json.dumps(secrets.mask_json({"query": printed}))


def test_what_is_taken_out_of_a_request_is_in_no_other_member_of_it() -> None:
    """The body and the query as they came spell a secret in ways that nobody can foresee."""
    event: dict[str, JSON] = {
        "body": {"user": "ada", "pwd": "abc"},
        "rawBody": '{"user": "ada", "pwd": "\\u0061bc"}',
        "queryStringParameters": {"n": "1"},
        "rawQueryString": "n=1",
    }

    cleaned = USUAL.redact(event, Secrets())

    assert cleaned == {
        **event,
        "body": {"user": "ada", "pwd": REDACTED},
        "rawBody": REDACTED,
    }


def test_the_start_of_a_secret_at_the_end_of_a_cut_text_is_taken_out() -> None:
    """A bound may cut a text in the middle of a secret."""
    secrets = Secrets()
    secrets.add("correct-horse-battery")

    assert secrets.mask("it is correct-horse", may_be_cut=True) == f"it is {REDACTED}"


def test_short_values_are_not_looked_for() -> None:
    """A secret of a few characters would be found all over."""
    secrets = Secrets()
    secrets.add(["a", 1, True, None, "12345"])

    assert not secrets
    assert secrets.mask("a 12345") == "a 12345"


def test_a_mark_is_no_secret() -> None:
    """What was redacted before is not hunted again."""
    secrets = Secrets()
    secrets.add(REDACTED)

    assert not secrets


def test_too_many_secrets_are_refused() -> None:
    """Looking for each of them in everything would take too long."""
    many: JSON = [f"secret-{number}" for number in range(MAX_SECRETS + 1)]
    with pytest.raises(Unbounded):
        Secrets().add(many)


def test_too_many_names_are_refused() -> None:
    """A value that is all names is not looked through."""
    many: JSON = [{"a": 1} for _ in range(MAX_NAMES + 1)]
    with pytest.raises(Unbounded):
        redacted(["b"], many)


def test_too_much_to_mask_is_refused() -> None:
    """Many secrets in very many texts are not looked for one by one."""
    secrets = Secrets()
    secrets.add([f"secret-{number}" for number in range(MAX_SECRETS)])
    many: JSON = ["secret-1" for _ in range(100_000)]
    with pytest.raises(Unbounded):
        secrets.mask_json(many)
