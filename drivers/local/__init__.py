"""Runs functions on this machine, each in a process behind walls that the kernel holds up."""

from drivers.local.development import DevelopmentDriver
from drivers.local.doctor.examination import examine
from drivers.local.doctor.measure import measure
from drivers.local.driver import LocalDriver
from drivers.local.probe import probe
from drivers.local.report import LayerReport, LayerState, SandboxReport
from drivers.local.settings import ExtraWall, LocalSettings

__all__ = [
    "DevelopmentDriver",
    "ExtraWall",
    "LayerReport",
    "LayerState",
    "LocalDriver",
    "LocalSettings",
    "SandboxReport",
    "examine",
    "measure",
    "probe",
]
