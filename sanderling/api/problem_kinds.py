"""The catalogue of problems: what each code means on the wire.

`docs/reference/problems.md` describes every row; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """How one code looks over HTTP.

    `retry_after_s` is sent when the failure itself does not know how long to wait.
    """

    status: int
    title: str
    retry_after_s: int | None = None


PROBLEM_KINDS: Mapping[str, ProblemKind] = {
    # The connection, before there is a request.
    "head_malformed": ProblemKind(400, "Not an HTTP request"),
    "head_late": ProblemKind(408, "Head late"),
    "head_too_large": ProblemKind(431, "Head too large"),
    # The request itself.
    "route_unknown": ProblemKind(404, "No such route"),
    "method_refused": ProblemKind(405, "Method not allowed"),
    "body_late": ProblemKind(408, "Body late"),
    "body_too_large": ProblemKind(413, "Body too large"),
    "content_type_refused": ProblemKind(415, "Not JSON by its content type"),
    "expectation_refused": ProblemKind(417, "Expectation refused"),
    "invalid_json": ProblemKind(400, "Invalid JSON"),
    "request_invalid": ProblemKind(422, "Request does not fit"),
    # Who is calling.
    "unauthenticated": ProblemKind(401, "No API key"),
    "key_malformed": ProblemKind(401, "Malformed API key"),
    "key_unknown": ProblemKind(401, "Unknown API key"),
    "key_expired": ProblemKind(401, "Expired API key"),
    "forbidden": ProblemKind(403, "Forbidden"),
    "rate_limited": ProblemKind(429, "Rate limited", retry_after_s=1),
    # What it is about.
    "name_refused": ProblemKind(422, "Not a function name"),
    "limit_refused": ProblemKind(422, "Limit out of range"),
    "rate_limit_refused": ProblemKind(422, "Rate limit out of range"),
    "concurrency_refused": ProblemKind(422, "Concurrency out of range"),
    "definition_refused": ProblemKind(422, "Definition refused"),
    "cursor_refused": ProblemKind(422, "Unknown cursor"),
    "code_rejected": ProblemKind(422, "Code rejected"),
    "function_unknown": ProblemKind(404, "No such function"),
    "function_exists": ProblemKind(409, "Function exists"),
    "version_unpublished": ProblemKind(409, "Nothing published"),
    "version_unknown": ProblemKind(404, "No such version"),
    "call_unknown": ProblemKind(404, "No such call"),
    "replay_refused": ProblemKind(409, "Cannot be replayed"),
    "exports_busy": ProblemKind(429, "Too many exports", retry_after_s=5),
    # What providers tell.
    "push_refused": ProblemKind(403, "Not believed"),
    "push_unproven": ProblemKind(503, "Cannot be proven now", retry_after_s=30),
    # Triggers.
    "route_unmatched": ProblemKind(404, "No trigger here"),
    "route_method_refused": ProblemKind(405, "Method not taken"),
    "route_request_refused": ProblemKind(400, "Request not taken"),
    "route_body_too_large": ProblemKind(413, "Request too large"),
    "function_failed": ProblemKind(500, "Function failed"),
    "reply_refused": ProblemKind(502, "Response not allowed"),
    "function_unavailable": ProblemKind(503, "Function unavailable", retry_after_s=5),
    "trigger_refused": ProblemKind(422, "Trigger refused"),
    "trigger_unknown": ProblemKind(404, "No such trigger"),
    "record_event_refused": ProblemKind(422, "Record event refused"),
    "triggers_full": ProblemKind(409, "Too many triggers"),
    # Queued calls, and calls that are asked for twice.
    "execution_unknown": ProblemKind(404, "No such execution"),
    "execution_refused": ProblemKind(422, "Cannot be queued"),
    "execution_not_ended": ProblemKind(409, "Not at its end"),
    "followers_full": ProblemKind(429, "Too many followers", retry_after_s=5),
    "idempotency_conflict": ProblemKind(409, "Key used for something else"),
    "idempotency_in_flight": ProblemKind(409, "Being made", retry_after_s=1),
    # Settings of the server.
    "config_rejected": ProblemKind(422, "Settings rejected"),
    "variable_unknown": ProblemKind(422, "No such variable"),
    "environment_only_variable": ProblemKind(422, "Environment only"),
    "database_config_disabled": ProblemKind(409, "Settings are read-only"),
    "config_conflict": ProblemKind(409, "Changed by somebody else"),
    "config_head_moved": ProblemKind(409, "Changed at this moment"),
    "revision_unknown": ProblemKind(404, "No such revision"),
    "revision_not_in_force": ProblemKind(409, "Not in force everywhere"),
    "sealing_refused": ProblemKind(409, "No key to seal with"),
    "secret_unreadable": ProblemKind(500, "Secret unreadable"),
    "trial_unknown": ProblemKind(404, "No such trial"),
    "trial_unavailable": ProblemKind(501, "Trial not available"),
    # Jobs of the worker.
    "job_unknown": ProblemKind(404, "No such job"),
    "job_run_refused": ProblemKind(409, "Cannot be asked to run"),
    # Connected accounts.
    "account_unknown": ProblemKind(404, "No such account"),
    "message_unknown": ProblemKind(404, "No such message"),
    "attachment_unknown": ProblemKind(404, "No such attachment"),
    "attachment_refused": ProblemKind(403, "Attachment not given out"),
    "attachment_too_large": ProblemKind(413, "Attachment too large"),
    "attachments_busy": ProblemKind(429, "Too many attachments", retry_after_s=5),
    "account_stopped": ProblemKind(409, "Account not read"),
    "provider_away": ProblemKind(503, "Provider away", retry_after_s=10),
    "errand_unknown": ProblemKind(404, "No such errand"),
    "consent_refused": ProblemKind(409, "No consent"),
    "provider_disabled": ProblemKind(409, "Provider not available"),
    "channel_refused": ProblemKind(422, "No such channel"),
    # Calls whose code did not run; these are outcomes.
    "payload_too_large": ProblemKind(413, "Event too large"),
    "throttled": ProblemKind(429, "Throttled", retry_after_s=1),
    "misconfigured": ProblemKind(500, "Driver misconfigured"),
    "platform_error": ProblemKind(502, "Driver failed"),
    "disabled": ProblemKind(503, "Functions are disabled"),
    "not_deployed": ProblemKind(503, "Not deployed", retry_after_s=1),
    "saturated": ProblemKind(503, "Saturated", retry_after_s=1),
    # Our side.
    "internal": ProblemKind(500, "Internal error"),
    "not_ready": ProblemKind(503, "Not ready", retry_after_s=5),
    "deployment_error": ProblemKind(503, "Deployment failed", retry_after_s=5),
    "store_fault": ProblemKind(500, "Database refused"),
    "store_unavailable": ProblemKind(503, "Database unavailable", retry_after_s=2),
}


def problem_type(code: str) -> str:
    """Return the URI that names a code on the wire."""
    return f"urn:sanderling:problem:{code.replace('_', '-')}"


def problem_code(type_uri: str) -> str:
    """Return the code that such a URI names; empty for any other text."""
    _, found, dashed = type_uri.partition("urn:sanderling:problem:")
    return dashed.replace("-", "_") if found else ""
