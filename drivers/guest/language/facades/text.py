"""Text: string, textwrap, html, unicodedata, difflib."""

from collections.abc import Callable

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import exact, facade_of
from drivers.guest.language.tables import allow

_STRING = (
    "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits "
    "printable punctuation whitespace"
)
_TEXTWRAP = "dedent fill indent shorten wrap"
_UNICODEDATA = (
    "bidirectional category combining decimal decomposition digit east_asian_width "
    "is_normalized lookup mirrored name normalize numeric unidata_version"
)
_DIFFLIB = (
    "Differ IS_CHARACTER_JUNK IS_LINE_JUNK SequenceMatcher context_diff get_close_matches ndiff "
    "restore unified_diff"
)


def _string() -> Facade:
    import string  # noqa: PLC0415 - loaded only where its facade is wanted

    return facade_of(string, _STRING)


def _textwrap() -> Facade:
    import textwrap  # noqa: PLC0415 - loaded only where its facade is wanted

    functions = {name: _of_text(getattr(textwrap, name)) for name in _TEXTWRAP.split()}
    return Facade("textwrap", functions)


def _of_text(function: Callable[..., object]) -> Callable[..., object]:
    """Let plain text in only: the real ones hand their table to a `translate` of user code."""

    def call(text: object, *args: object, **kwargs: object) -> object:
        if not isinstance(text, str):
            raise TypeError(f"the text must be a string, not {type(text).__name__!r}")
        return function(exact(text), *args, **kwargs)

    return call


def _html() -> Facade:
    import html  # noqa: PLC0415 - loaded only where its facade is wanted

    return facade_of(html, "escape unescape")


def _unicodedata() -> Facade:
    import unicodedata  # noqa: PLC0415 - loaded only where its facade is wanted

    return facade_of(unicodedata, _UNICODEDATA)


def _difflib() -> Facade:
    import difflib  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(
        difflib.SequenceMatcher,
        "find_longest_match get_grouped_opcodes get_matching_blocks get_opcodes quick_ratio ratio "
        "real_quick_ratio set_seq1 set_seq2 set_seqs",
        known=False,
    )
    allow(difflib.Differ, "compare", known=False)
    allow(difflib.Match, "a b size", known=False)
    return facade_of(difflib, _DIFFLIB)


BUILDERS = {
    "difflib": _difflib,
    "html": _html,
    "string": _string,
    "textwrap": _textwrap,
    "unicodedata": _unicodedata,
}
