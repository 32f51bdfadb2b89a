"""What one call cannot leave behind for the next in a reused worker, one attack per test."""

import gc

import pytest

from drivers.guest.language import caches, catalogue
from drivers.guest.language.catalogue import preload
from support.language import returned, run_guest, run_lines


def test_decorating_does_not_rename_functions_of_ours() -> None:
    """`wraps` renames functions of the user only; errors of the next call would tell the name."""
    run_lines(
        "import json",
        "from functools import wraps",
        "def forged(): pass",
        "wraps(forged)(json.loads)",
        "wraps(forged)(getattr)",
    )

    assert run_lines("import json", "json.loads()").says.startswith("TypeError: json.loads()")


def test_named_groups_of_a_pattern_stay() -> None:
    """Comparing them does not hand out the table of a pattern that the library keeps."""
    ran = run_lines(
        "import re",
        "found = []",
        "class Own:",
        "    def __eq__(self, other):",
        "        found.append(other)",
        "        return True",
        "groups = re.compile('(?P<left>x)(?P<right>y)').groupindex",
        "groups == Own()",
        "groups['left'] = 2",
        "[table.clear() for table in found]",
    )

    assert ran.failure is None
    assert (
        returned(
            "import re", "return re.compile('(?P<left>x)(?P<right>y)').match('xy').group('left')"
        )
        == "x"
    )


def test_escaping_keeps_its_table() -> None:
    """A `translate` of the user's own never sees the tables of `re` and `textwrap`."""
    ran = run_lines(
        "import re, textwrap",
        "class Own(str):",
        "    def translate(self, table):",
        "        table.clear()",
        "        return ''",
        "re.escape(Own('a'))",
        "textwrap.fill(Own('a'))",
    )

    assert ran.failure is None
    assert returned("import re", "return re.escape('a.b')") == r"a\.b"
    assert returned("import textwrap", "return textwrap.fill('a\\tb\\nc')") == "a       b c"


def test_wrapping_takes_text_only() -> None:
    """An object with text's methods would be handed the table, too."""
    ran = run_lines(
        "import textwrap",
        "class Own:",
        "    def expandtabs(self, size):",
        "        return self",
        "    def translate(self, table):",
        "        table.clear()",
        "textwrap.wrap(Own())",
    )

    assert ran.says == "TypeError: the text must be a string, not 'Own'"


def test_size_of_a_network_is_read_afresh() -> None:
    """A text that answers wrongly for itself does not change what its equal means later."""
    run_lines(
        "import ipaddress",
        "class Own(str):",
        "    def isascii(self):",
        "        return False",
        "    def split(self, sep):",
        "        return ['255', '255', '255', '255']",
        "ipaddress.ip_network(('10.0.0.0', Own('11')))",
    )

    assert returned("import ipaddress", "return str(ipaddress.ip_network('10.0.0.0/11'))") == (
        "10.0.0.0/11"
    )


def test_comparing_addresses_runs_no_code_of_an_earlier_call() -> None:
    """The library keeps an address whose number is a user's, and would ask it when it looks."""
    ran = run_guest(
        "import ipaddress\n"
        "class Own(int):\n"
        "    def __eq__(self, other):\n"
        "        raise ValueError('asked in a later call')\n"
        "def handler(event, context):\n"
        "    return ipaddress.IPv4Address(Own(134744072)).is_private\n"
    )
    assert ran.value is False

    assert returned("import ipaddress", "return ipaddress.ip_address('8.8.8.8').is_private") is (
        False
    )


def test_nothing_of_an_earlier_call_waits_in_a_cache() -> None:
    """Generators in the library's caches would finish, with their code, in a later call."""
    ended = run_guest(
        "import urllib.parse, struct, re, datetime\n"
        "class Own(str):\n"
        "    pass\n"
        "def waiting(event):\n"
        "    try:\n"
        "        yield\n"
        "    finally:\n"
        "        event.append('ended')\n"
        "def held(event, text):\n"
        "    own = Own(text)\n"
        "    own.kept = waiting(event)\n"
        "    next(own.kept)\n"
        "    return own\n"
        "def handler(event, context):\n"
        "    urllib.parse.urlsplit(held(event, 'http://leftover.example'))\n"
        "    urllib.parse.quote('a b', safe=held(event, '~'))\n"
        "    struct.calcsize(held(event, '<7B'))\n"
        "    re.compile(held(event, 'left(o)ver'))\n"
        "    re.sub('left(o)ver', held(event, r'\\1\\1'), 'leftover')\n"
        "    pattern = re.compile('left(o)ver')\n"
        "    pattern.sub(held(event, r'\\1\\1\\1'), 'leftover')\n"
        "    pattern.subn(held(event, r'\\1\\1\\1\\1'), 'leftover')\n"
        "    pattern.match('leftover').expand(held(event, r'\\1-\\1'))\n"
        "    datetime.datetime.strptime('2024', held(event, '%Y'))\n"
        "    return event\n",
        [],
    )
    assert ended.failure is None
    events: list[object] = ended.value

    returned("return 1")
    gc.collect()

    assert events == ["ended"] * 9


def test_caches_of_facades_that_were_opened_one_by_one_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order in which facades are opened does not decide whose leftovers are dropped."""
    preload()
    # A server that began in this process before left out what was there; a guest has no server.
    gc.unfreeze()
    found: list[object] = []
    monkeypatch.setattr(caches, "_wrappers", found)
    monkeypatch.setattr(catalogue, "_noted", set[str]())

    preload(())

    assert len(found) > 3
