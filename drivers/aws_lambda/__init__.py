"""Runs functions on AWS Lambda, each version in micro virtual machines of its own."""

from drivers.aws_lambda.driver import LambdaDriver
from drivers.aws_lambda.settings import LambdaSettings

__all__ = ["LambdaDriver", "LambdaSettings"]
