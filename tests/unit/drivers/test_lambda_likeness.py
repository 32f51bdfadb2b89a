"""What AWS tells of a function is held against what was asked for."""

from typing import Any

import pytest

from drivers.aws_lambda.likeness import departures

ASKED = {"Handler": "runner.handler", "Role": "arn:aws:iam::1:role/a", "Runtime": "python3.13"}
AS_MADE: dict[str, Any] = {
    **ASKED,
    "Environment": {"Variables": {}},
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""},
    "Timeout": 900,
    "MemorySize": 10_240,
}


@pytest.mark.parametrize("told", [ASKED, AS_MADE, AS_MADE | {"VpcConfig": None}], ids=range(3))
def test_a_function_as_it_was_made_departs_in_nothing(told: dict[str, Any]) -> None:
    """What AWS leaves out, or tells empty, is not there; a bill is no matter of trust."""
    assert departures(told, ASKED) == ()


@pytest.mark.parametrize(
    ("other", "departed"),
    [
        ({"Handler": "other.handler"}, "Handler"),
        ({"Role": None}, "Role"),
        ({"Runtime": "provided.al2023"}, "Runtime"),
        ({"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/other"}}}, "Environment"),
        ({"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}, "Environment"),
        ({"Environment": "x"}, "Environment"),
        ({"Layers": [{"Arn": "arn:aws:lambda:eu-central-1:1:layer:other:1"}]}, "Layers"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "VpcConfig"),
        ({"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}]}, "FileSystemConfigs"),
        ({"ImageConfigResponse": {"ImageConfig": {}}}, "ImageConfigResponse"),
    ],
)
def test_whatever_runs_before_our_code_or_gives_it_more_is_told(
    other: dict[str, Any], departed: str
) -> None:
    """The same code under another role, behind a layer or in a network is not what was made."""
    assert departures(AS_MADE | other, ASKED) == (departed,)
