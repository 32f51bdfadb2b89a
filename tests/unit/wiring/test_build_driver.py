"""The settings name the driver, and what it is told are values."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.errors import ConfigRejected
from config.variables import Settings
from drivers.aws_lambda import LambdaSettings
from drivers.local import ExtraWall
from drivers.port import Isolation
from sanderling.kernel.units import MIB
from sanderling.wiring import build_driver
from sanderling.wiring.drivers import lambda_settings, local_settings


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


def test_lambda_without_its_settings_is_refused_by_their_names() -> None:
    """Both settings that are missing are named."""
    with pytest.raises(ConfigRejected, match=r"SERVERLESS_LAMBDA_REGION.*SERVERLESS_LAMBDA_ROLE"):
        build_driver(settings(SERVERLESS_TYPE="LAMBDA"), process="test")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("SERVERLESS_LAMBDA_ACCESS_KEY_ID", "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY"),
        ("SERVERLESS_LAMBDA_SECRET_ACCESS_KEY", "SERVERLESS_LAMBDA_ACCESS_KEY_ID"),
    ],
)
def test_half_a_key_for_aws_is_refused_by_the_name_of_the_other_half(
    given: str, missing: str
) -> None:
    """A command that reads no database says so as well, instead of failing inside boto3."""
    chosen = {
        "SERVERLESS_TYPE": "LAMBDA",
        "SERVERLESS_LAMBDA_REGION": "eu-central-1",
        "SERVERLESS_LAMBDA_ROLE": "arn:aws:iam::1:role/functions",
        given: "open-sesame",
    }

    with pytest.raises(ConfigRejected, match=rf"{missing} .* together with {given}") as refused:
        build_driver(settings(**chosen), process="test")

    assert "open-sesame" not in str(refused.value)


def test_lambda_is_told_its_settings_as_values_and_shows_no_secret() -> None:
    """Everything reaches the driver, and the secret is in no text of it."""
    chosen = settings(
        SERVERLESS_TYPE="LAMBDA",
        SERVERLESS_LAMBDA_REGION="eu-central-1",
        SERVERLESS_LAMBDA_ROLE="arn:aws:iam::1:role/functions",
        SERVERLESS_LAMBDA_SUBHOSTING_ROLE="arn:aws:iam::2:role/sub",
        SERVERLESS_LAMBDA_ACCESS_KEY_ID="AKIA1",
        SERVERLESS_LAMBDA_SECRET_ACCESS_KEY="open-sesame",
        SERVERLESS_LAMBDA_ENDPOINT_URL="http://127.0.0.1:4566",
        SERVERLESS_LAMBDA_NAMESPACE="blue",
        SERVERLESS_LAMBDA_ARCHITECTURE="x86_64",
        SERVERLESS_LAMBDA_CONCURRENCY="7",
    )

    told = lambda_settings(chosen)

    assert told == LambdaSettings(
        region="eu-central-1",
        role="arn:aws:iam::1:role/functions",
        subhosting_role="arn:aws:iam::2:role/sub",
        access_key_id="AKIA1",
        secret_access_key="open-sesame",
        endpoint_url="http://127.0.0.1:4566",
        namespace="blue",
        architecture="x86_64",
        concurrency=7,
    )
    assert "open-sesame" not in repr(told)
    assert build_driver(chosen, process="test").name == "lambda"


@pytest.mark.slow
def test_a_server_without_lambda_does_not_load_it() -> None:
    """A Local server neither has the library of AWS in memory nor waits for it."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from config.variables import Settings\n"
        "import sanderling.wiring.server\n"
        "from sanderling.wiring.drivers import build_driver\n"
        "settings = Settings.model_validate({'SANDERLING_HOME': Path('home')})\n"
        "build_driver(settings, process='test')\n"
        "names = {'boto3', 'botocore', 'drivers.aws_lambda'}\n"
        "sys.exit(', '.join(names & set(sys.modules)) or 0)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert (ended.returncode, ended.stderr) == (0, "")


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


@pytest.mark.parametrize("url", ["http://10.0.0.7:4566", "http://lambda.example"])
def test_functions_and_sessions_travel_in_the_clear_on_this_machine_alone(url: str) -> None:
    """Source, events and the session of another role go to the endpoint, so it has https."""
    with pytest.raises(ValidationError, match="https"):
        settings(SERVERLESS_LAMBDA_ENDPOINT_URL=url)

    assert settings(SERVERLESS_LAMBDA_ENDPOINT_URL="http://127.0.0.1:4566").lambda_endpoint_url
