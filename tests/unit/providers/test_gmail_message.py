"""Every message of Gmail is read within bounds, whatever it holds."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.providers.google.addresses import (
    MAX_ADDRESSES,
    _entries,  # pyright: ignore[reportPrivateUsage] - two ways are compared.
    _plain_entries,  # pyright: ignore[reportPrivateUsage] - as above.
    addresses_of,
)
from jobs.providers.google.message import MAX_DEPTH, MAX_PARTS, message_of
from jobs.providers.text import MAX_TEXT_CHARS, clean, html_text
from jobs.sync.items import Address, Participant, Role
from support.gmail import headers, leaf, message

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def test_a_message_is_read_whole() -> None:
    """Labels, people, times, text and the headers that rules look at are all there."""
    head = headers(
        Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        From='"Ada, Countess" <Ada@Example.COM>',
        To="bob@example.com, Carol (C) <carol@example.com>",
        Date="Thu, 1 Jan 2026 01:00:00 +0100",
        Message_ID=" <x@y> ",
        List_Unsubscribe="<mailto:u@example.com>",
        X_Other="dropped",
    )
    parts = [
        leaf("text/plain", "Grüße".encode(), partId="0"),
        leaf("text/html", b"<p>No</p>", partId="1"),
        {
            "partId": "2",
            "mimeType": "application/pdf",
            "filename": "a.pdf",
            "body": {"attachmentId": "fleeting", "size": 9},
        },
    ]

    read = message_of(
        message(payload={"mimeType": "multipart/mixed", "headers": head, "parts": parts})
    )

    assert (read.subject, read.text) == ("Grüße", "Grüße")
    assert list(read.participants) == [
        Participant(Role.FROM, Address("Ada, Countess", "ada@example.com")),
        Participant(Role.TO, Address("", "bob@example.com")),
        Participant(Role.TO, Address("Carol (C)", "carol@example.com")),
    ]
    assert read.sent_at == read.received_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (read.rfc_message_id, dict(read.headers)) == (
        "<x@y>",
        {"list-unsubscribe": "<mailto:u@example.com>"},
    )
    assert (read.folders, read.is_read, read.is_draft) == (frozenset({"INBOX"}), False, False)
    assert [(one.remote_id, one.name, one.size_bytes) for one in read.attachments] == [
        ("2", "a.pdf", 9)
    ]
    assert read.version == "77".zfill(24)
    assert read.parse_error is None


def test_without_plain_text_the_html_is_read() -> None:
    """What a reader would see is the text; what is not shown is not."""
    html = b"<html><head><title>T</title><style>x{}</style></head><body><p>One&amp;1</p><p>Two</p>"

    assert message_of(message(payload=leaf("text/html", html))).text == "One&1\n\nTwo"


def test_bytes_of_another_charset_are_read_by_what_is_said() -> None:
    """What is not UTF-8 is read by its declared charset, and by some other one where it lies."""
    told = leaf("text/plain", "é".encode("iso-8859-2"))
    lies = leaf("text/plain", b"\xff\x81", headers=headers(Content_Type="text/plain; charset=none"))

    assert message_of(message(payload=told)).text == "é"
    assert message_of(message(payload=lies)).text


def test_a_tree_too_deep_or_too_wide_is_kept_with_a_word_on_it() -> None:
    """What is within the bounds is read, and the message says that there was more."""
    deep = leaf("text/plain", b"deep")
    for _ in range(MAX_DEPTH + 5):
        deep = {"mimeType": "multipart/mixed", "parts": [deep]}
    wide = {"parts": [leaf("text/plain", b"x")] * (MAX_PARTS + 5)}

    for payload in (deep, wide):
        read = message_of(message(payload=payload))
        assert read.remote_id == "m1"
        assert read.parse_error is not None


def test_a_text_is_bounded_and_free_of_what_databases_refuse() -> None:
    """NUL and lone surrogates are replaced, and a book is cut."""
    book = message(payload=leaf("text/plain", b"\x00" + b"x" * (MAX_TEXT_CHARS + 9)))
    subject = message(payload=leaf("text/plain", b"", headers=headers(Subject="a\ud800\x00b")))

    assert len(message_of(book).text) == MAX_TEXT_CHARS
    assert message_of(book).text[0] == "\N{REPLACEMENT CHARACTER}"
    assert message_of(subject).subject == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


@pytest.mark.slow
@given(_json, st.dictionaries(st.sampled_from(["payload", "labelIds", "internalDate"]), _json))
def test_no_message_is_beyond_reading(payload: object, more: dict[str, object]) -> None:
    """Whatever stands in place of a message gives a message."""
    read = message_of({**message(payload=payload), **more})

    assert read.remote_id == "m1"
    json.dumps(read.text).encode()


@given(st.text(alphabet='ab@<>, \t"\\\\():;', max_size=40))
def test_plain_headers_are_parted_as_all_others_are(header: str) -> None:
    """The short way yields what the long one does, or leaves the header to it."""
    plain = _plain_entries(header)

    assert plain in ([], list(_entries(header)))


def test_most_headers_take_the_short_way() -> None:
    """Names in brackets parted by commas need no look at each character; a comma within does."""
    assert _plain_entries("Ada <ada@x.example>, bo@x.example") == [
        "Ada <ada@x.example>",
        " bo@x.example",
    ]
    assert _plain_entries("<a,b@x.example>, c@x.example") == []
    assert _plain_entries('"Bo, B." <bo@x.example>') == []


@given(st.text(alphabet='"<>(),;:@\\ ab=?.\x00'))
def test_addresses_of_any_header_are_addresses(header: str) -> None:
    """Every address has an @ between two parts, and no blank."""
    for one in addresses_of(header):
        assert "@" in one.email.strip("@")
        assert not any(char.isspace() for char in one.email)


def test_a_bomb_of_brackets_and_a_crowd_are_bounded() -> None:
    """Nesting costs nothing, and of a crowd the first thousand are kept."""
    assert addresses_of("(" * 60_000 + "a@b.example") == ()
    assert len(addresses_of("a@b.example," * 5000)) == MAX_ADDRESSES
    assert [one.email for one in addresses_of("team: a@b.example, c@d.example;")] == [
        "a@b.example",
        "c@d.example",
    ]


@pytest.mark.slow
@given(st.text(alphabet="<>!-[]/&;ab=\"' \n?#xCDATA"))
def test_any_html_gives_text(html: str) -> None:
    """A broken page is read as far as it goes."""
    assert "\x00" not in html_text(html)


def test_what_is_cut_is_cut_before_it_is_cleaned() -> None:
    """A bound is a bound on characters."""
    assert clean("abc", 2) == "ab"
