"""The safe str.format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.language.formatting import bound_format
from support.language import returned, run_lines


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{} {}", "1 b"),
        ("{1} {0}", "b 1"),
        ("{name}", "n"),
        ("{{}}", "{}"),
        ("{:>4}|", "   1|"),
        ("{:>{width}}|", "   1|"),
        ("{1!r} {1!s} {1!a}", "'b' b 'b'"),
        ("{2:%Y}", "2024"),
        ("{3:.2f}", "2.50"),
        ("", ""),
    ],
)
def test_format_renders_like_python(template: str, expected: str) -> None:
    """Numbering, names, specs, conversions and nested specs work."""
    value = returned(
        "import datetime",
        f"return {template!r}.format(1, 'b', datetime.date(2024, 1, 1), 2.5, name='n', width=4)",
    )

    assert value == expected


@pytest.mark.parametrize(
    "call",
    [
        "'{0.__class__}'.format(1)",
        "'{0[0]}'.format([1])",
        "'{a.b}'.format(a=1)",
        "'{a.b}'.format_map({'a': 1})",
        "'{:{0.real}}'.format(1)",
        "str.format('{0.real}', 1)",
        "str.format_map('{a.real}', {'a': 1})",
        "list(map(str.format, ['{0.real}'], [1]))[0]",
        "getattr('{0.real}', 'format')(1)",
        "getattr(str, 'format')('{0.real}', 1)",
    ],
)
def test_fields_never_read_attributes_or_items(call: str) -> None:
    """Every way to format refuses fields that look into their argument."""
    ran = run_lines(f"return {call}")

    assert ran.says.startswith("ValueError: the field {")


@pytest.mark.parametrize(
    "template", ["{", "}", "{!x}", "{} {0}", "{0} {}", "{:{:{}}}", "{missing}", "{9}", "{!"]
)
def test_wrong_templates_raise_as_in_python(template: str) -> None:
    """A template that Python refuses raises the same exception here."""
    with pytest.raises((ValueError, LookupError)) as theirs:
        template.format(1, 2)
    with pytest.raises(theirs.type):
        bound_format(template, "format")(1, 2)


@given(st.text(alphabet="{}!:0129ab<>d ", max_size=20))
def test_any_template_gives_what_python_gives(template: str) -> None:
    """Without attributes and items, the result and the kind of failure are Python's."""
    try:
        expected: object = template.format(1, 2, a="x", b=3)
    except Exception as error:  # noqa: BLE001 - whatever Python raises is the expectation
        expected = type(error)
    try:
        observed: object = bound_format(template, "format")(1, 2, a="x", b=3)
    except Exception as error:  # noqa: BLE001 - whatever Python raises is the expectation
        observed = type(error)

    assert observed == expected
