"""Errors as boto3 raises them, without asking anybody."""

from typing import Any


class ClientError(Exception):
    """Carries a response as boto3's own does."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        """Keep the response."""
        super().__init__(code)
        self.response: dict[str, Any] = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
        }
