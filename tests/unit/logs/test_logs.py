"""Log lines are structured, go to one stream, and hold no secret."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from config.variables import LogFormat, LogLevel
from sanderling.logs import configure_logs, redact

KEY = "sdl_01JABCDEFGHJKMNPQRSTVWXYZ0123456789secretsecretabcdef"


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return what was written, one value per line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_is_json_with_event_level_and_utc_time() -> None:
    """Away from a terminal each line is one JSON object."""
    stream = io.StringIO()
    configure_logs(stream=stream)

    structlog.get_logger().info("server.started", port=1)

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["port"]) == ("server.started", "info", 1)
    assert line["timestamp"].endswith("Z")


def test_line_below_the_level_is_not_written() -> None:
    """LOG_LEVEL bounds what is written."""
    stream = io.StringIO()
    configure_logs(stream=stream, level=LogLevel.WARNING)

    structlog.get_logger().info("server.started")

    assert stream.getvalue() == ""


def test_library_lines_get_the_constant_name() -> None:
    """A line of a library becomes `library.reported` with its logger and text."""
    stream = io.StringIO()
    configure_logs(stream=stream)

    # A logger of a real library keeps the level which a test before this one may have given it.
    logging.getLogger("some.library").warning("refused by %s", KEY)
    logging.getLogger("some.library").info("Started server process [1]")

    (line,) = lines(stream)
    assert (line["event"], line["logger"]) == ("library.reported", "some.library")
    assert line["message"] == "refused by sdl_…"


@pytest.mark.parametrize("own_level", [logging.NOTSET, logging.DEBUG])
@pytest.mark.parametrize("level", [LogLevel.DEBUG, LogLevel.INFO])
def test_no_level_makes_libraries_tell_what_they_send_and_get(
    level: LogLevel, own_level: int
) -> None:
    """At DEBUG the library of AWS writes credentials, session tokens and events in plain text."""
    stream = io.StringIO()
    configure_logs(stream=stream, level=level)
    library = logging.Logger("botocore.parsers", own_level)  # noqa: LOG001 - it goes with the test.
    library.parent = logging.getLogger()

    library.debug("Response body: <SessionToken>open-sesame</SessionToken>")
    library.info("Response body: <SessionToken>open-sesame</SessionToken>")
    logging.getLogger("anything.new").info("open-sesame")
    structlog.get_logger().info("server.started")

    (line,) = lines(stream)
    assert line["event"] == "server.started"


def test_a_scheduler_does_not_tell_each_tick() -> None:
    """What a library says each second is left out; what is wrong there is not."""
    stream = io.StringIO()
    configure_logs(stream=stream)

    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("apscheduler.executors.default").error("Job raised an exception")

    (line,) = lines(stream)
    assert line["message"] == "Job raised an exception"


def test_traceback_is_written_and_redacted() -> None:
    """A fault's traceback reaches the log without the secrets in its message."""
    stream = io.StringIO()
    configure_logs(stream=stream)

    try:
        raise ValueError(  # noqa: TRY301 - the traceback is the point.
            f"postgresql://app:hunter2@db/x and {KEY}"
        )
    except ValueError:
        structlog.get_logger().exception("driver.failed")
        logging.getLogger("other").exception("gone")

    for line in lines(stream):
        assert "ValueError" in line["exception"]
        assert "postgresql://app:…@db/x and sdl_…" in line["exception"]
        assert "hunter2" not in str(line)


def test_pretty_form_is_for_people_and_redacted_too() -> None:
    """LOG_FORMAT=PRETTY writes no JSON and masks all the same."""
    stream = io.StringIO()
    configure_logs(stream=stream, form=LogFormat.PRETTY)

    structlog.get_logger().info("server.started", nested={"deep": [KEY]})

    assert "server.started" in stream.getvalue()
    assert "secret" not in stream.getvalue()


def test_url_without_password_is_left_alone() -> None:
    """Only passwords and keys are masked."""
    assert redact("http://127.0.0.1:3000/v1 sqlite:///a@b") == (
        "http://127.0.0.1:3000/v1 sqlite:///a@b"
    )


@given(st.text(), st.text(alphabet="abcXYZ0189", min_size=32), st.text())
def test_no_key_survives_any_surroundings(before: str, secret: str, after: str) -> None:
    """Whatever stands around it, a key's secret is masked."""
    assume(secret not in before and secret not in after)

    assert secret not in redact(f"{before}sdl_{secret} {after}")


@given(
    st.text(alphabet="abcXYZ0189!$&'()*+,;=%:", min_size=8), st.sampled_from(["", "user", "a.b"])
)
def test_no_password_survives_in_a_url(password: str, user: str) -> None:
    """Whatever characters a URL may hold there, the password is masked."""
    assert redact(f"x://{user}:{password}@host/db") == f"x://{user}:…@host/db"
