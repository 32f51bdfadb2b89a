"""The functions under `examples/`, each with its event and the result it must give."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sanderling.kernel.jsontext import JSON

EXAMPLES_FOLDER = Path(__file__).parents[2] / "examples"

Handler = Callable[[JSON, dict[str, JSON]], JSON]


@dataclass(frozen=True, slots=True)
class Example:
    """One example; its files are read when they are asked for."""

    name: str

    @property
    def path(self) -> Path:
        """Where the source is."""
        return EXAMPLES_FOLDER / f"{self.name}.py"

    @property
    def source(self) -> str:
        """What a user would paste."""
        return self.path.read_text(encoding="utf-8")

    @property
    def event_path(self) -> Path:
        """Where the event is."""
        return EXAMPLES_FOLDER / f"{self.name}.event.json"

    @property
    def event(self) -> JSON:
        """What a caller would send."""
        return cast("JSON", json.loads(self.event_path.read_text(encoding="utf-8")))

    @property
    def event_json(self) -> bytes:
        """The event as it goes over the wire."""
        return json.dumps(self.event, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def expected(self) -> JSON:
        """What the handler must return."""
        return cast(
            "JSON",
            json.loads(
                (EXAMPLES_FOLDER / f"{self.name}.expected.json").read_text(encoding="utf-8")
            ),
        )

    def load_plain(self) -> Handler:
        """Return the handler as plain Python has it: no policy, no process."""
        names: dict[str, object] = {"__name__": "function"}
        exec(compile(self.source, self.path, "exec"), names)  # noqa: S102 - our own file.
        return cast("Handler", names["handler"])


EXAMPLES = tuple(Example(path.stem) for path in sorted(EXAMPLES_FOLDER.glob("*.py")))


def canonical(value: JSON) -> str:
    """Return a text that tells apart what `==` does not: 1, 1.0 and True."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)
