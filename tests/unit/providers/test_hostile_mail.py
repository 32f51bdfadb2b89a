"""Mail of strangers is read in linear time, within bounds, and never raises."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.providers.charsets import text_in
from jobs.providers.encoded_words import MAX_HEADER_CHARS, decoded_words
from jobs.providers.google.addresses import MAX_ADDRESSES, addresses_of
from jobs.providers.google.message import message_of as gmail_message
from jobs.providers.guard import kept
from jobs.providers.markup import MAX_TAGS, shown
from jobs.providers.microsoft.message import message_of as graph_message
from jobs.providers.text import MAX_TEXT_CHARS, html_text
from jobs.sync.items import Message
from support.gmail import headers, leaf, message
from support.hostile_mail import corpus, gmail_of, graph_of, patience

BOMBS = (
    *("<", "<!--", "<![CDATA[", "<a ", "<a b='", '<a href="', "<a b=c ", "</", "</a ", "<!", "<?"),
    *("&", "&#", "&a", "<p>", "x ", "\n \n", "<script>", "<title>", "<a><b ", "<script></", "= "),
)
"""Each keeps the library's parser busy for hours, or did so once."""


def mails() -> list[bytes]:
    """Return the corpus, or skip the test where Python came without its own tests."""
    folder = corpus()
    if folder is None:
        pytest.skip("this Python was installed without test.test_email and its mails")
    return [each.read_bytes() for each in sorted(folder.glob("*.txt"))]


def is_kept(read: Message) -> None:
    """Fail for a message that a database would refuse, or that is beyond the bounds."""
    texts = (read.subject, read.text, *read.headers.values(), *(a.name for a in read.attachments))
    people = [one.address for one in read.participants]
    for text in (*texts, *(one.name for one in people), *(one.email for one in people)):
        text.encode()
        assert "\x00" not in text
        assert len(text) <= MAX_TEXT_CHARS
    assert len(people) <= MAX_ADDRESSES
    assert all(len(one.email) <= 320 for one in people)
    assert read.remote_id == "m1"


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_page_of_megabytes_is_read_in_one_pass(bomb: str) -> None:
    """What nothing closes is looked at once."""
    with patience():
        assert len(html_text(bomb * (4 * MAX_TEXT_CHARS // len(bomb)))) <= MAX_TEXT_CHARS


def test_numbers_that_no_character_has_are_marked() -> None:
    """The library refuses thousands of digits; such a page once ended every slice."""
    mark = "\N{REPLACEMENT CHARACTER}"

    assert html_text("a&#" + "1" * 5000 + ";b&#x" + "f" * 5000) == f"a{mark}b{mark}"


def test_what_a_reader_would_see_is_shown() -> None:
    """Tags, comments, scripts and values of attributes are not; all else is."""
    page = (
        "<!doctype html><!-- <p>no</p> --><head><title>no</title></head><style>p > a{}</style>"
        "<p title='a > b' class=\"x>y\">one &lt;two&gt;<br/>5 < 6<script>if (a</b>) no</SCRIPT >"
        "<p>it's <a href=x>three</a><?php no ?></ no>"
    )

    assert html_text(page) == "one <two>\n5 < 6\nit's three"


def test_a_page_of_nothing_but_tags_ends() -> None:
    """What follows a hundred thousand tags is left out."""
    assert "end" not in "".join(shown("<b>" * MAX_TAGS + "end"))
    assert "end" in "".join(shown("<b>" * (MAX_TAGS - 1) + "end"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("a =?utf-8?b?w7w=?= =?UTF-8?Q?_b?= c", "a ü b c"),
        ("=?utf-8?b?w7w?=", "ü"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("=?utf-8?q?=C3?==?utf-8?q?=BC?=", "ü"),
        ("=?iso-8859-1*de?q?=FC?= =?koi8-r?q?=C1?=", "üа"),
        ("=?utf-8?q?not closed", "=?utf-8?q?not closed"),
        ("=?x-unknown?q?=41=FF?=", "A\N{REPLACEMENT CHARACTER}"),
        ("=?utf-8?b?A?=", "A"),
        ("=?utf-8?z?A?=", "=?utf-8?z?A?="),
        ("=?utf-8?q??=", ""),
    ],
)
def test_encoded_words_are_decoded_as_far_as_they_can_be(header: str, expected: str) -> None:
    """Neighbours are one text, and what is broken stays as it was written."""
    assert decoded_words(header) == expected


@pytest.mark.parametrize("bomb", ["=?a?q?", "=?", "=?utf-8?q?a?= ", "=?utf-8?b?!!!?=", "=?x?q?"])
def test_a_header_of_encoded_words_is_bounded(bomb: str) -> None:
    """Sixty-four kilobytes of it are looked at, once."""
    with patience():
        assert len(decoded_words(bomb * 20_000)) <= MAX_HEADER_CHARS


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "rot13", "hex", "x-y"])
def test_what_is_no_charset_of_mail_is_not_asked_for(charset: str) -> None:
    """A codec that takes hours, or is none of text, is as good as an unknown one."""
    with patience():
        assert text_in(b"\xff-" + b"aa" * 500_000, charset).startswith("\N{REPLACEMENT CHARACTER}-")


def test_the_first_charset_that_fits_counts() -> None:
    """Those that do not fit, or are not known, are passed over."""
    assert text_in("é".encode("cp1252"), "utf-8", "none", "cp1252") == "é"


def test_an_overlong_address_is_left_out_whole() -> None:
    """Cut to its first characters it would be somebody else's."""
    victim = "victim@bank.example"
    long = victim + "." + "x" * 400

    assert addresses_of(f"{long}, {victim}")[0].email == victim
    assert len(addresses_of(f"{long}, {victim}")) == 1
    told = {"emailAddress": {"name": "n", "address": long}}
    assert graph_message({"id": "m1", "from": told}).participants == ()


def test_addresses_of_all_headers_together_are_bounded() -> None:
    """A crowd in each of them is no larger than a crowd in one."""
    crowd = ", ".join(f"p{number}@evil.example" for number in range(20_000))
    head = headers(From="(" * 20_000, To=crowd, Cc=crowd, Bcc=crowd)

    with patience():
        read = gmail_message(message(payload=leaf("text/plain", b"", headers=head)))

    assert len(read.participants) == MAX_ADDRESSES


def test_three_thousand_levels_and_twenty_thousand_parts_are_walked_once() -> None:
    """The rest of the message is there, with a word on what is not."""
    deep: dict[str, Any] = leaf("message/rfc822", b"deep")
    for _ in range(3000):
        deep = {"mimeType": "message/rfc822", "parts": [deep]}
    wide = {"parts": [leaf("text/plain", b"x", headers=headers(A="b"))] * 20_000}

    with patience():
        for payload in (deep, wide):
            read = gmail_message(message(payload=payload))
            assert read.parse_error is not None
            is_kept(read)


@pytest.mark.parametrize("data", ["A", "====", "!!!!", "=C3=\r\n=", "\ud800", "QQ" * 9 + "*"])
def test_damaged_data_is_no_text(data: str) -> None:
    """What is no base64 is read as far as it goes."""
    is_kept(gmail_message(message(payload={"mimeType": "text/plain", "body": {"data": data}})))


@pytest.mark.slow
def test_mails_that_broke_a_parser_before_are_read() -> None:
    """CPython's own tests hold mails with everything wrong that people have reported."""
    for raw in mails():
        for read in (gmail_message(gmail_of(raw)), graph_message(graph_of(raw))):
            is_kept(read)
            assert read.parse_error is None


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=8))
def test_mails_with_damage_are_read(seed: int, pieces: list[bytes]) -> None:
    """Bytes cut out, doubled, and put in anywhere give a message all the same."""
    random = Random(seed)  # noqa: S311 - tests are to be repeatable.
    raw = random.choice(mails())
    for piece in pieces:
        at, other = (random.randrange(len(raw) + 1) for _ in range(2))
        raw = raw[:at] + random.choice([piece, raw[at:other], b""]) + raw[min(at, other) :]

    is_kept(gmail_message(gmail_of(raw)))
    is_kept(graph_message(graph_of(raw)))


@pytest.mark.parametrize("error", [ValueError, RecursionError, KeyError, AttributeError])
def test_a_message_that_cannot_be_read_is_kept_without_its_content(error: type[Exception]) -> None:
    """What nobody has thought of costs one message its content, and its account nothing."""

    def read(fields: dict[str, object]) -> Message:
        if "payload" in fields:
            raise error("secret words")
        return gmail_message(fields)

    found = kept(read, message(), ("id", "labelIds"))

    assert (found.remote_id, found.folders) == ("m1", frozenset({"INBOX"}))
    assert found.parse_error == f"it could not be read ({error.__name__})"
    json.dumps(found.text)
