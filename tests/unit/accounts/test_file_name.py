"""Names of strangers' files are fit to keep them under, wherever that is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.accounts.file_name import file_name
from sanderling.api.attachment_name import disposition, name_in


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("Überweisung März.pdf", "Überweisung März.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\windows\\x.exe", "C__windows_x.exe"),
        ("..", "attachment"),
        ("", "attachment"),
        (" . ", "attachment"),
        (".bashrc", "bashrc"),
        ("-rf", "-rf"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("console.txt", "console.txt"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("nul\0l", "null"),
        ("half\ud83d.txt", "half.txt"),
        ('a"b.txt', "a_b.txt"),
        ("trailing. . ", "trailing"),
        (". .bashrc", "bashrc"),
        (".\u00a0. .profile", "profile"),
        ("con" + " " * 300 + "x", "_con"),
        ("con." + "x" * 196, "_con." + "x" * 195),
    ],
)
def test_a_name_leads_nowhere_else_and_hides_nothing(told: str, kept: str) -> None:
    """No other folder, no hidden file, no device, no letter that is not seen."""
    assert file_name(told) == kept


def test_a_long_name_keeps_its_ending() -> None:
    """What opens it goes by that."""
    name = file_name("é" * 300 + ".docx")

    assert name.endswith("é.docx")
    assert len(name.encode()) <= 200


@given(st.text(alphabet=st.characters()) | st.text(alphabet=" .\u00a0:/_conx\u00e9"))
@example(". .bashrc")
@example(": \u00a0.")
@example("con. .")
@example("con." + "x" * 196)
@example("\u00e9" * 98 + " . . " + "x" * 30)
@example("." * 300 + "/" * 300)
@example("x" * 199 + " .y")
def test_a_name_is_fit_and_stays_as_it_is(told: str) -> None:
    """It is the same when it is made fit again, and comes through the header whole."""
    name = file_name(told)

    assert file_name(name) == name
    assert name
    assert len(name.encode()) <= 200
    assert name == name.strip()
    assert not name.startswith(".")
    assert not name.endswith(".")
    assert not set(name) & set('/\\\0\r\n"')
    header = disposition(told)
    assert header.isascii()
    assert header.isprintable()
    assert name_in(header) == name


@pytest.mark.parametrize(
    "header",
    ["", "attachment", "filename*=UTF-8''%2e%2e%2f%2e%2e", "filename*=UTF-8''%ff%fe", "\r\n"],
)
def test_a_header_of_whoever_it_is_names_a_file_here(header: str) -> None:
    """A server that means harm writes to no other folder either."""
    name = name_in(header)

    assert name
    assert "/" not in name
    assert not name.startswith(".")
