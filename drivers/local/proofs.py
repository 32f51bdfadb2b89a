"""What a zygote tells about its walls when it is ready."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LayerProof:
    """What the zygote found about one layer: `state` is proven or missing."""

    state: str
    how: str


@dataclass(frozen=True, slots=True)
class ZygoteReport:
    """What a zygote told when it was ready."""

    python: str
    layers: dict[str, LayerProof]


def report_of(told: dict[str, Any]) -> ZygoteReport:
    """Return the report that a zygote wrote as JSON."""
    layers = {
        name: LayerProof(layer["state"], layer["how"]) for name, layer in told["layers"].items()
    }
    return ZygoteReport(python=told["python"], layers=layers)
