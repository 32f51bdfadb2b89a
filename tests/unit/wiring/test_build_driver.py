"""The settings name the driver; what is not part of this release is refused."""

from pathlib import Path

import pytest

from config.errors import ConfigRejected
from config.variables import Settings
from drivers.local import ExtraWall
from drivers.port import Isolation
from sanderling.kernel.units import MIB
from sanderling.wiring import build_driver
from sanderling.wiring.drivers import local_settings


def settings(**values: object) -> Settings:
    """Return settings from these values alone."""
    return Settings.model_validate({"SANDERLING_HOME": Path("home"), **values})


def test_local_is_told_its_numbers_as_values() -> None:
    """Spares, memory budget and waived layers reach the driver."""
    told = local_settings(
        settings(
            SANDBOX_SPARES=7,
            SANDBOX_MEMORY_BUDGET_MB=100,
            SANDBOX_ACCEPT_MISSING="landlock",
            SANDBOX_QUEUE_LIMIT=9,
            SANDBOX_QUEUE_WAIT_MS="2s",
        )
    )

    assert (told.spares, told.memory_budget_bytes) == (7, 100 * MIB)
    assert (told.queue_limit, told.queue_wait_s) == (9, 2.0)
    assert told.accept_missing == frozenset({"landlock"})


def test_extra_walls_are_used_unless_switched_off() -> None:
    """Namespaces, control group and its processors reach the driver."""
    usual = local_settings(settings())
    told = local_settings(settings(SANDBOX_NAMESPACES="off", SANDBOX_CGROUP="off", SANDBOX_CPUS=2))

    assert (usual.namespaces, usual.cgroup, usual.cpus) == (ExtraWall.AUTO, ExtraWall.AUTO, 0)
    assert (told.namespaces, told.cgroup, told.cpus) == (ExtraWall.OFF, ExtraWall.OFF, 2)


def test_nothing_is_waived_unless_asked_for() -> None:
    """Without the setting every layer is required."""
    assert local_settings(settings()).accept_missing == frozenset()


@pytest.mark.parametrize(("word", "name"), [("LOCAL", "local"), ("DISABLED", "disabled")])
def test_driver_is_the_one_that_is_named(word: str, name: str) -> None:
    """Each word of SERVERLESS_TYPE gives its driver."""
    assert build_driver(settings(SERVERLESS_TYPE=word), process="test").name == name


def test_lambda_is_refused_with_what_to_choose() -> None:
    """A driver of a later release is refused at start, by the setting's name."""
    with pytest.raises(ConfigRejected, match=r"SERVERLESS_TYPE.*LOCAL or DISABLED"):
        build_driver(settings(SERVERLESS_TYPE="LAMBDA"), process="test")


def test_development_switch_is_refused_where_there_is_a_sandbox() -> None:
    """On Linux walls are not left out, whatever the setting says."""
    with pytest.raises(ConfigRejected, match="SANDBOX_DEVELOPMENT"):
        build_driver(settings(SANDBOX_DEVELOPMENT="true"), process="test", platform="linux")


def test_other_systems_need_the_development_switch() -> None:
    """Elsewhere the switch gives a driver without isolation, and nothing else does."""
    asked = build_driver(settings(SANDBOX_DEVELOPMENT="true"), process="test", platform="darwin")
    not_asked = build_driver(settings(), process="test", platform="darwin")

    assert (asked.name, not_asked.name) == ("development", "local")
    assert asked.capabilities().isolations == {Isolation.NONE}


def test_development_switch_turns_nothing_on() -> None:
    """A driver that is disabled stays disabled."""
    chosen = settings(SANDBOX_DEVELOPMENT="true", SERVERLESS_TYPE="DISABLED")

    assert build_driver(chosen, process="test", platform="darwin").name == "disabled"
