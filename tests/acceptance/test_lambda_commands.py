"""Lambda from the command line, with an emulator in the place of AWS."""

import json
import time

import httpx2
import pytest

from support.command import CommandLine
from support.ministack import KEY_ID, REGION, SECRET, run_ministack
from support.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ADD = 'def handler(event, context):\n    return event["a"] + 1\n'


def test_a_file_runs_on_an_emulator_of_aws(command: CommandLine) -> None:
    """One command with its URL is enough: no account, no role, no setting."""
    file = command.folder / "add.py"
    file.write_text(ADD)
    call = ("invoke", str(file), "--event", '{"a": 1}')

    with run_ministack() as emulator:
        chosen = ("--driver", "lambda", "--endpoint-url", emulator.endpoint_url)
        outcome = command.must(*call, *chosen)
        made = emulator.client("lambda").list_functions()["Functions"]
    gone = command.run(*call, *chosen)

    assert (outcome["outcome"], outcome["result"]) == ("ok", 2)
    assert made
    assert gone.status != 0
    assert "lambda" in gone.err.lower()


@pytest.mark.parametrize(
    "url",
    ["nonsense", "ftp://127.0.0.1:1", "http://", "http://u:p@127.0.0.1", "http://10.0.0.7:4566"],
)
def test_an_endpoint_that_is_no_address_is_refused(command: CommandLine, url: str) -> None:
    """The option takes what the setting of that name takes."""
    file = command.folder / "add.py"
    file.write_text(ADD)

    refused = command.run("invoke", str(file), "--driver", "lambda", "--endpoint-url", url)

    assert refused.status == 2
    assert "--endpoint-url" in refused.err
    assert "u:p" not in refused.err


def test_an_endpoint_is_not_ignored_by_other_drivers(command: CommandLine) -> None:
    """Whoever names an emulator and forgets the driver would believe that it ran there."""
    file = command.folder / "add.py"
    file.write_text(ADD)

    refused = command.run("invoke", str(file), "--endpoint-url", "http://127.0.0.1:1")

    assert refused.status == 2
    assert "--driver lambda" in refused.err


def test_settings_that_aws_has_no_use_for_are_told_in_words(command: CommandLine) -> None:
    """A region that is none, or a profile that is not there, is no internal error."""
    file = command.folder / "add.py"
    file.write_text(ADD)
    role = "arn:aws:iam::000000000000:role/x"
    given = {"SERVERLESS_LAMBDA_REGION": "eu central", "SERVERLESS_LAMBDA_ROLE": role}

    invoked = command.run("invoke", str(file), "--driver", "lambda", **given)
    looked = command.run("doctor", SERVERLESS_TYPE="LAMBDA", **given)

    for told in (invoked.err, looked.out + looked.err):
        assert "SERVERLESS_LAMBDA_REGION" in told
        assert "internal error" not in told


def test_a_missing_permission_refuses_the_switch_to_lambda(command: CommandLine) -> None:
    """Whoever waits is told the permission and no secret, and the server keeps its driver."""
    command.must("init")
    with run_ministack(AUTH="true") as emulator:
        iam = emulator.client("iam")
        iam.create_user(UserName="poor")
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"},
                {"Effect": "Deny", "Action": "lambda:CreateFunction", "Resource": "*"},
            ],
        }
        iam.put_user_policy(UserName="poor", PolicyName="p", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="poor")["AccessKey"]
        keys = {
            "SERVERLESS_LAMBDA_ACCESS_KEY_ID": key["AccessKeyId"],
            "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        with command.serving(**keys) as server:
            refused = command.run(
                "config",
                "set",
                "--wait",
                "SERVERLESS_TYPE=LAMBDA",
                f"SERVERLESS_LAMBDA_REGION={REGION}",
                f"SERVERLESS_LAMBDA_ROLE={emulator.role}",
                f"SERVERLESS_LAMBDA_ENDPOINT_URL={emulator.endpoint_url}",
            )
            log = server.log.read_text()
            assert server.stop() == 0

    assert refused.status != 0
    assert "lambda:CreateFunction" in refused.err
    assert "driver.switched" not in log
    assert key["SecretAccessKey"] not in refused.out + refused.err + log


def _readiness(url: str) -> tuple[int, str]:
    reply = httpx2.get(f"{url}/health/ready", timeout=10)
    return reply.status_code, reply.text


@pytest.mark.nightly
def test_a_server_that_started_while_aws_was_away_serves_once_it_is_back(
    command: CommandLine,
) -> None:
    """Nobody has to start it again, nor to change a setting."""
    command.must("init")
    port = free_port()
    settings = {
        "SERVERLESS_TYPE": "LAMBDA",
        "SERVERLESS_LAMBDA_REGION": REGION,
        "SERVERLESS_LAMBDA_ROLE": "arn:aws:iam::000000000000:role/sanderling-functions",
        "SERVERLESS_LAMBDA_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "SERVERLESS_LAMBDA_ACCESS_KEY_ID": KEY_ID,
        "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY": SECRET,
    }
    with command.serving(**settings) as server:
        status, away = _readiness(server.url)
        with run_ministack(port=port):
            deadline = time.monotonic() + 120
            while (back := _readiness(server.url)[0]) != 200 and time.monotonic() < deadline:
                time.sleep(0.5)
            assert server.stop() == 0
        log = server.log.read_text()

    assert (status, back) == (503, 200)
    assert "within a minute" in away
    assert "driver.switched" in log
    assert SECRET not in away + log
