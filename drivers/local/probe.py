"""Tries the sandbox on this machine without serving calls, for people who want to know."""

import asyncio
import platform
import sys
from collections.abc import Mapping

from drivers.errors import DriverError
from drivers.guest.flavour import COMPILING, LIBRARY
from drivers.guest.layers import CGROUP, EXTRAS, LANGUAGE, LAYERS, PROVEN
from drivers.local.doctor.versions import installed_version
from drivers.local.proofs import LayerProof
from drivers.local.report import LayerReport, LayerState, SandboxReport
from drivers.local.settings import LocalSettings
from drivers.local.workergroup import WorkerGroup
from drivers.local.zygote import ZygoteProcess


async def probe(settings: LocalSettings) -> SandboxReport:
    """Start and end one zygote of each flavour and report what they proved."""
    if sys.platform != "linux":
        layers = tuple(
            LayerReport(name, LayerState.UNSUPPORTED, is_required=True, how="needs Linux")
            for name in LAYERS
        )
        return _report(layers, problem="The Local driver needs Linux.")
    group = WorkerGroup(settings)
    group.open()
    try:
        calling, compiling = await asyncio.gather(
            _prove(LIBRARY, settings, group), _prove(COMPILING, settings, group)
        )
    finally:
        await group.close()
    layers = (_layer(LANGUAGE, compiling, settings), *_layers(calling, settings)[1:])
    problem = next((told for told in (calling, compiling) if isinstance(told, str)), "")
    told = {CGROUP: group.proof}
    if not isinstance(calling, str):
        told |= calling
    extras = tuple(_extra(name, told.get(name)) for name in EXTRAS)
    return _report(layers, extras=extras, problem=problem)


def _extra(name: str, proof: LayerProof | None) -> LayerReport:
    if proof is not None and proof.state == PROVEN:
        return LayerReport(name, LayerState.PROVEN, is_required=False, how=proof.how)
    how = proof.how if proof is not None else "not available: it is switched off, or was not tried"
    return LayerReport(name, LayerState.UNAVAILABLE, is_required=False, how=how)


async def _prove(
    flavour: str, settings: LocalSettings, group: WorkerGroup
) -> Mapping[str, LayerProof] | str:
    zygote = ZygoteProcess(flavour, settings, lambda: None, on_spawn=group.admit)
    try:
        return (await zygote.start()).layers
    except DriverError as error:
        return error.detail
    finally:
        await zygote.end()


def _layers(
    told: Mapping[str, LayerProof] | str, settings: LocalSettings
) -> tuple[LayerReport, ...]:
    return tuple(_layer(name, told, settings) for name in LAYERS)


def _layer(name: str, told: Mapping[str, LayerProof] | str, settings: LocalSettings) -> LayerReport:
    is_required = name not in settings.may_miss
    if isinstance(told, str):
        return LayerReport(name, LayerState.MISSING, is_required=is_required, how=told)
    proof = told.get(name, LayerProof("missing", "it was not tried"))
    if proof.state == PROVEN:
        state = LayerState.PROVEN
    else:
        state = LayerState.MISSING if is_required else LayerState.WAIVED
    return LayerReport(name, state, is_required=is_required, how=proof.how)


def _report(
    layers: tuple[LayerReport, ...], *, extras: tuple[LayerReport, ...] = (), problem: str
) -> SandboxReport:
    is_fine = all(layer.state is LayerState.PROVEN or not layer.is_required for layer in layers)
    return SandboxReport(
        system=platform.system(),
        kernel=platform.release(),
        machine=platform.machine(),
        python=platform.python_version(),
        restricted_python=installed_version("RestrictedPython") or "not installed",
        landlock_abi=_landlock_abi(),
        has_seccomp=_has_seccomp(),
        layers=layers,
        required_ok=is_fine and not problem,
        extras=extras,
        problem=problem,
    )


def _landlock_abi() -> int:
    if sys.platform != "linux":
        return 0
    from drivers.guest.landlock import running_abi  # noqa: PLC0415 - it loads Linux calls.

    return running_abi()


def _has_seccomp() -> bool:
    if sys.platform != "linux":
        return False
    from drivers.guest.seccomp import is_available  # noqa: PLC0415 - it loads Linux calls.

    return is_available()
