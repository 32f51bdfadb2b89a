"""Decides whether the walls that a zygote proved are enough to run user code behind them."""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.errors import DriverError
from drivers.guest.layers import (
    EXTRAS,
    LANDLOCK,
    LANGUAGE,
    LAYERS,
    PRIVILEGES,
    PROCESS,
    PROVEN,
    RLIMITS,
    SECCOMP,
)
from drivers.local.proofs import LayerProof, ZygoteReport
from drivers.local.settings import LocalSettings

_ADVICE = {
    LANGUAGE: "install RestrictedPython 9 and report this as a fault",
    PROCESS: "start from a program that leaves no environment or descriptor to its children",
    RLIMITS: "run where setrlimit and prlimit are allowed",
    PRIVILEGES: "run as a user that is not root, or let root give itself up",
    LANDLOCK: "use a kernel of 5.13 or later with landlock among its security modules, "
    "or accept it missing with SANDBOX_ACCEPT_MISSING=landlock",
    SECCOMP: "use a kernel with seccomp filters, and a container profile that allows them",
}


@dataclass(frozen=True, slots=True)
class Walls:
    """The layers around every call: proven, extra ones last, and given up by the operator.

    `python` is the version that runs behind them.
    """

    layers: tuple[str, ...]
    waived: tuple[str, ...]
    python: str = ""


def check_walls(
    report: ZygoteReport,
    settings: LocalSettings,
    *,
    extras: Mapping[str, LayerProof] | None = None,
) -> Walls:
    """Return the walls, when all that are required stand.

    `extras` are walls that the host put up; others come with the report.

    Raises:
        DriverError: the first required layer that was not proven, with what to do about it.

    """
    proven: list[str] = []
    waived: list[str] = []
    for name in LAYERS:
        if name == LANGUAGE and settings.experiment.is_raw:
            continue
        proof = report.layers.get(name)
        if _is_proven(proof):
            proven.append(name)
        elif name in settings.may_miss:
            waived.append(name)
        else:
            how = proof.how if proof else "it was not tried"
            reason = f"the layer {name} is not proven ({how}); {_ADVICE[name]}"
            raise DriverError(driver="local", reason=reason)
    told = {**report.layers, **(extras or {})}
    proven += [name for name in EXTRAS if _is_proven(told.get(name))]
    return Walls(tuple(proven), tuple(waived), report.python)


def _is_proven(proof: LayerProof | None) -> bool:
    return proof is not None and proof.state == PROVEN
