"""Raw texts are read as people mean them, or refused in words."""

import pytest
from pydantic import SecretStr, ValidationError

from config.catalogue import BY_NAME
from config.cron import check_cron
from config.resolution import value_of
from sanderling.schedule.cron import parse_cron
from sanderling.schedule.errors import CronRefused

FLAG, LEVEL, PORT = "AUTH_PASSWORD_ENABLED", "LOG_LEVEL", "EMAIL_SMTP_PORT"
WINDOW, LIFETIME = "API_RATE_LIMITING_SHORT_TTL_IN_MS", "ACCESS_TOKEN_EXPIRES_IN"
BUDGET, QUEUES, ADDRESS = "SANDBOX_MEMORY_BUDGET_MB", "WORKER_ENABLED_QUEUES", "FRONTEND_URL"
GRAPH = "MICROSOFT_GRAPH_BASE_URL"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        (FLAG, "true", True),
        (FLAG, " No ", False),
        (FLAG, "0", False),
        (PORT, " 25 ", 25),
        (LEVEL, "warning", "WARNING"),
        ("STORAGE_TYPE", "s-3", "S_3"),
        (WINDOW, "1500", 1500),
        (WINDOW, "1.5s", 1500),
        (WINDOW, "2 m", 120_000),
        (LIFETIME, "30m", 1800),
        (LIFETIME, "60d", 60 * 86_400),
        (BUDGET, "100", 100),
        (BUDGET, "2GiB", 2048),
        (BUDGET, "100MB", 96),
        (QUEUES, "jobs, executions,,jobs", ("jobs", "executions", "jobs")),
        (QUEUES, '["jobs", "executions"]', ("jobs", "executions")),
        (QUEUES, "", ()),
        (ADDRESS, "https://a.example/path?x=1", "https://a.example/path?x=1"),
        (GRAPH, "https://graph.example/v/", "https://graph.example/v"),
        (GRAPH, "http://127.0.0.1:4801", "http://127.0.0.1:4801"),
        (GRAPH, "http://[::1]:4801", "http://[::1]:4801"),
        (GRAPH, "http://localhost:4801/", "http://localhost:4801"),
        ("TRUST_PROXY", '["a,b", "c"]', ("a,b", "c")),
        ("METER_DRIVER", "console,OPENTELEMETRY", ("Console", "OpenTelemetry")),
        ("JOB_CLEAN_UP_CRON", " 1,2  3-4 */5 * 0 ", "1,2 3-4 */5 * 0"),
        ("EMAIL_SMTP_PASSWORD", " as it is ", SecretStr(" as it is ")),
    ],
)
def test_a_text_means_its_value(name: str, text: str, value: object) -> None:
    """People write numbers with units, words in any case and lists with commas."""
    assert value_of(BY_NAME[name], text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (FLAG, "maybe"),
        (FLAG, ""),
        (PORT, "25.0"),
        (PORT, "1e3"),
        (PORT, "²"),
        (PORT, "9" * 5000),
        (LEVEL, "LOUD"),
        (WINDOW, "-1"),
        (WINDOW, "0.0001s"),
        (WINDOW, "1 fortnight"),
        (WINDOW, "nan"),
        (LIFETIME, "1800"),
        (LIFETIME, "1500ms"),
        (BUDGET, "1 GBit"),
        (BUDGET, "63"),
        (QUEUES, "[1]"),
        (QUEUES, "[" * 10_000),
        (ADDRESS, "ftp://a.example"),
        (ADDRESS, "https:///path"),
        (ADDRESS, "https://user:hunter2@a.example"),
        (ADDRESS, "https://a.example:99999"),
        (ADDRESS, "https://a .example"),
        (ADDRESS, "https://[a"),
        (ADDRESS, "javascript:alert(1)"),
        (GRAPH, "http://graph.example"),
        (GRAPH, "http://127.0.0.1.example"),
        (GRAPH, "https://graph.example?tenant=1"),
        (GRAPH, "https://graph.example/#top"),
        ("EMAIL_FROM_NAME", "a\nBcc: everyone@example.org"),
        ("EMAIL_FROM_ADDRESS", "no address"),
        ("JOB_CLEAN_UP_CRON", "every day"),
        ("METER_DRIVER", "carrier pigeon"),
    ],
)
def test_a_text_that_means_nothing_is_refused_without_being_repeated(name: str, text: str) -> None:
    """What is said tells what to write instead, never what was written."""
    with pytest.raises(ValidationError) as refused:
        value_of(BY_NAME[name], text)

    message = refused.value.errors()[0]["msg"]
    assert len(message) > len("Value error, ")
    assert len(text) < 3 or text not in message


@pytest.mark.parametrize(
    "text",
    [
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "*/0 * * * *",
        "5-1 * * * *",
        "5/2 * * * *",
        "* * * JAN *",
        "1,,2 * * * *",
        "@daily",
    ],
)
def test_a_cron_expression_that_schedulers_read_differently_is_refused(text: str) -> None:
    """What is taken means the same everywhere."""
    with pytest.raises(ValueError, match=r"five fields|from \d+ to \d+"):
        check_cron(text)


def test_a_cron_expression_may_begin_with_seconds() -> None:
    """Six fields are taken as five are, with single spaces."""
    assert check_cron("*/10  * * * * *") == "*/10 * * * * *"


@pytest.mark.parametrize("days", ["29", "30", "31", "30,31", "30-31", "*/2", "1,31", "*"])
@pytest.mark.parametrize("months", ["2", "2,4", "4-6", "*/5", "2-12/9", "*", "4,6,9,11"])
@pytest.mark.parametrize("weekdays", ["*", "*/3", "1"])
def test_a_cron_expression_without_any_date_is_refused(
    days: str, months: str, weekdays: str
) -> None:
    """What a setting takes is what the scheduler takes: no process is kept from starting."""
    text = f"0 0 {days} {months} {weekdays}"
    try:
        parse_cron(text)
    except CronRefused:
        with pytest.raises(ValueError, match="no month"):
            check_cron(text)
    else:
        assert check_cron(text) == text
