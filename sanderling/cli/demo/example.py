"""The examples that come with the product."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import sanderling
from sanderling.cli.demo.failure import DemoFailed
from sanderling.kernel.jsontext import JSON


@dataclass(frozen=True, slots=True)
class Example:
    """A function, a real event for it, and the result that it must give."""

    name: str
    source: str
    event_json: bytes
    expected: JSON


def load_examples() -> tuple[Example, ...]:
    """Return every example, by name.

    Raises:
        DemoFailed: there are none, or one lacks its event or its result.

    """
    folder = _folder()
    names = sorted(path.stem for path in folder.glob("*.py")) if folder else []
    if folder is None or not names:
        raise DemoFailed("the examples did not come with this installation")
    return tuple(_load(folder, name) for name in names)


def _folder() -> Path | None:
    packaged = Path(str(files(sanderling) / "examples"))
    checkout = Path(sanderling.__file__).parents[1] / "examples"
    return next((folder for folder in (packaged, checkout) if folder.is_dir()), None)


def _load(folder: Path, name: str) -> Example:
    try:
        return Example(
            name=name,
            source=(folder / f"{name}.py").read_text(encoding="utf-8"),
            event_json=(folder / f"{name}.event.json").read_bytes(),
            expected=json.loads((folder / f"{name}.expected.json").read_bytes()),
        )
    except (OSError, ValueError) as error:
        raise DemoFailed(f"example {name} is not whole: {error}") from error
