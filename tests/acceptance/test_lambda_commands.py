"""Lambda from the command line, with an emulator in the place of AWS."""

import json

import pytest

from support.command import CommandLine
from support.ministack import REGION, run_ministack

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
