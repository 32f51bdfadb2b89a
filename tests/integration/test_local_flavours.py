"""Nobody can tell from what a function does which kind of worker ran it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.flavours import flavour_for
from drivers.local import LocalDriver, LocalSettings
from drivers.port import Outcome
from support.artifacts import an_artifact, an_invocation

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
]

EXPRESSIONS = {
    "the largest text of a number": "str(10 ** 4299)",
    "a number too long for text": "str(10 ** 5000)",
    "a text too long for a number": "int('9' * 5000)",
    "a long division": "divmod(7 ** 60000, 3 ** 20000)[1] % 1000",
    "a base without a bound": "int('z' * 20000, 36) % 1000",
    "no such number": "pow(2, -1, 4)",
    "a number in words of the place": "'{:n}'.format(1234567)",
    "a known character set": "'é'.encode('cp1252').hex()",
    "a character set by its other name": "'é'.encode('latin9').hex()",
    "a character set that is not there": "'é'.encode('shift_jis')",
    "a codec that is no character set": "b'YQ=='.decode('base64')",
    "a host name": "'ü'.encode('idna').decode()",
    "names instead of characters": "'é'.encode('ascii', 'namereplace').decode()",
    "a named character": "b'\\\\N{BULLET}'.decode('unicode_escape')",
    "a named character under the other name": "b'\\\\N{BULLET}'.decode('Unicode-Escape')",
    "a character that has no name": "b'\\\\N{NOPE}'.decode('unicodeescape')",
    "bytes that are no text": "b'\\xff'.decode()",
    "an unknown error handler": "'é'.encode('ascii', 'nope')",
    "a mistyped name": "prin(1)",
    "a missing attribute": "[].push(1)",
    "an exception that holds others": "ExceptionGroup('two', [ValueError(1), KeyError(2)]).args[0]",
    "a result that is no JSON": "{1, 2}",
    "a broken format": "'{:d}'.format('x')",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[LocalDriver]:
    """Return one driver for the module."""
    async with LocalDriver(LocalSettings(spares=2)) as started:
        yield started


async def told(driver: LocalDriver, source: str) -> Outcome:
    """Deploy `source` and call it once."""
    artifact = an_artifact(source)
    await driver.deploy(artifact)
    return await driver.invoke(an_invocation(artifact))


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
async def test_an_import_that_is_not_used_changes_nothing(
    driver: LocalDriver, expression: str
) -> None:
    """Result and error are those of the same lines below an import."""
    handler = f"def handler(event, context):\n    return {expression}\n"

    lean = await told(driver, "\n" + handler)
    laden = await told(driver, "import math\n" + handler)

    assert (lean.kind, lean.result_json) == (laden.kind, laden.result_json)
    assert _said(lean) == _said(laden)


def _said(outcome: Outcome) -> object:
    error = outcome.error
    return error and (error.type, error.message, error.hint, error.line, error.column)


@pytest.mark.parametrize(
    "word", ["import math", "IDNA", "'punycode'", "namereplace", "unicode_escape", "unicode-escape"]
)
async def test_words_that_lead_to_the_library_are_found(word: str) -> None:
    """Each of them is enough, in any spelling that Python takes."""
    assert flavour_for(f"# {word}") == "library"
    assert flavour_for("def handler(event, context):\n    return 'unicode'\n") == "plain"
