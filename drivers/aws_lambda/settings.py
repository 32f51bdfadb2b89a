"""What an operator chooses about the Lambda driver."""

from dataclasses import dataclass, field

NAME = "lambda"
"""The word that outcomes carry."""


@dataclass(frozen=True, slots=True)
class LambdaSettings:
    """Where functions live and how they are called.

    `role` is the ARN that functions run under; it needs no right at all. Without a key id the
    usual chain of AWS decides who we are; `subhosting_role` is taken on from there. `endpoint_url`
    leads to something that speaks as AWS does. At most `concurrency` calls are under way,
    `queue_limit` may wait for one of those places, at most `queue_wait_s` seconds each. What was
    turned away before it ran is tried again for at most `retry_s` seconds. A deployment takes at
    most `deploy_s`, and that of the runner at most `start_s`: whoever starts a driver gives it a
    minute, and is to hear why it did not start. `control_rps` bounds our requests to the control
    plane, of which an account has 15 a second for everything in it. Without `may_share_runner`
    drafts are deployed as versions are.
    """

    region: str
    role: str
    namespace: str = "sanderling"
    subhosting_role: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    endpoint_url: str = ""
    concurrency: int = 64
    queue_limit: int = 256
    queue_wait_s: float = 5.0
    retry_s: float = 5.0
    deploy_s: float = 120.0
    start_s: float = 40.0
    control_rps: float = 10.0
    runtime: str = "python3.13"
    architecture: str = "arm64"
    may_share_runner: bool = True

    @property
    def log_group(self) -> str:
        """The one log group of all our functions; they write to it only if their role may."""
        return f"/aws/lambda/{self.namespace}"
