"""The command tells every cause apart, by exit code and in one line, from any folder."""

import json
import socket
import stat
import sys
from pathlib import Path

import pytest

from support.command import CommandLine

pytestmark = pytest.mark.slow

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture
def echo(command: CommandLine) -> str:
    """Return the file of a function that returns its event."""
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    return str(file)


def test_init_makes_a_private_home_once(command: CommandLine) -> None:
    """The first run makes home, secret, database and key; the second changes nothing."""
    first = command.run("init")
    before = {path: path.read_bytes() for path in sorted(command.home.glob(".env"))}
    second = command.run("init", "--json")

    assert first.status == 0
    assert first.out.count("sdl_") == 1
    assert second.json == {"home": str(command.home), "made": [], "key": None}
    assert before == {path: path.read_bytes() for path in sorted(command.home.glob(".env"))}
    assert stat.S_IMODE(command.home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in command.home.iterdir()} == {0o600}
    (secret,) = [line for line in before[command.home / ".env"].splitlines() if b"=" in line]
    assert len(secret.removeprefix(b"APP_SECRET=")) >= 32


def test_invoke_needs_no_home(command: CommandLine, echo: str) -> None:
    """A file runs in the sandbox without server and database, and nothing is made."""
    outcome = command.must("invoke", echo, "--event", '{"a": [1, "ü"]}')

    assert (outcome["outcome"], outcome["result"]) == ("ok", {"a": [1, "ü"]})
    assert outcome["isolation"] == "call"
    assert {"language", "seccomp"} <= set(outcome["layers"])
    assert outcome["memory_bytes"] > 0
    assert not command.home.exists()


@pytest.mark.parametrize(
    ("source", "words", "status", "outcome"),
    [
        ("def handler(e, c):\n    return 1 / 0\n", (), 10, "user_error"),
        (
            "def handler(e, c):\n    while True:\n        pass\n",
            ("--timeout", "300ms"),
            11,
            "timeout",
        ),
        (
            "def handler(e, c):\n    while True:\n        pass\n",
            ("--timeout", "1m", "--cpu", "200ms"),
            11,
            "timeout",
        ),
        (
            "def handler(e, c):\n    x = []\n    while True:\n        x.append('a' * 100000)\n",
            ("--memory", "16MiB"),
            12,
            "out_of_memory",
        ),
        ("import os\n", (), 14, "bad_code"),
        ("def handler(e, c):\n    return {1, 2}\n", (), 15, "bad_result"),
    ],
)
def test_outcome_is_the_exit_code(
    command: CommandLine, source: str, words: tuple[str, ...], status: int, outcome: str
) -> None:
    """Every way in which a function can end has its own code."""
    file = command.folder / "f.py"
    file.write_text(source)

    ended = command.run("invoke", str(file), *words, "--json")

    assert (ended.status, ended.json.get("outcome")) == (status, outcome), ended


def test_disabled_names_setting_and_process(command: CommandLine, echo: str) -> None:
    """Where functions are turned off the command says which setting of which process."""
    ended = command.run("invoke", echo, SERVERLESS_TYPE="DISABLED")

    assert ended.status == 26
    assert "disabled" in ended.out
    assert "SERVERLESS_TYPE" in ended.out
    assert "sanderling invoke" in ended.out


def test_bad_events_and_files_are_told_apart(command: CommandLine, echo: str) -> None:
    """NaN is refused as JSON; a file that is not there is a usage error."""
    nan = command.folder / "nan.json"
    nan.write_text('{"x": NaN}')

    refused = command.run("invoke", echo, "--event", f"@{nan}", "--json")
    missing = command.run("invoke", "gone.py", "--json")
    given = command.run("invoke", echo, "--event", "-", "--json", given="[1]")

    assert (refused.status, refused.json["error"]["code"]) == (30, "invalid_json")
    assert (missing.status, missing.json["error"]["code"]) == (2, "usage")
    assert given.json["result"] == [1]


def test_error_is_one_line_without_traceback(command: CommandLine) -> None:
    """People read what happened and what to do, in one line on standard error."""
    ended = command.run("calls", "show", "call_nothing")

    assert ended.status == 30
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert len(ended.err.splitlines()) == 1


def test_database_that_is_away_is_a_fault(command: CommandLine) -> None:
    """Without its database nothing starts, and no password is shown."""
    away = {"DATABASE_URL": "postgresql://app:hunter2@127.0.0.1:1/none"}

    for words in (("keys", "list"), ("serve", "--port", "0")):
        ended = command.run(*words, **away)

        assert ended.status == 40
        assert "database" in ended.err
        assert "hunter2" not in ended.err + ended.out
        assert "Traceback" not in ended.err


def test_taken_port_is_a_fault_with_words(command: CommandLine) -> None:
    """A port that someone else has is said to be taken."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        ended = command.run("serve", "--port", str(port), "--json")

    assert (ended.status, ended.json["error"]["code"]) == (40, "address_taken")
    assert str(port) in ended.json["error"]["detail"]


def test_keys_are_made_listed_and_revoked(command: CommandLine) -> None:
    """A key is shown once, listed without its secret, and ends for good."""
    made = command.must("keys", "create", "workflow", "--role", "member", "--expires", "30d")
    command.must("keys", "revoke", made["id"])
    (listed,) = command.must("keys", "list")["items"]
    again = command.run("keys", "revoke", "key_none", "--json")

    assert made["key"].startswith("sdl_")
    assert (listed["id"], listed["role"]) == (made["id"], "member")
    assert listed["revoked_at"] is not None
    assert made["key"] not in json.dumps(listed)
    assert (again.status, again.json["error"]["code"]) == (30, "key_not_found")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - refusing them is the promise.
def test_server_without_isolation_is_for_this_machine_alone(
    command: CommandLine, host: str
) -> None:
    """With the development switch an address that others can reach is refused."""
    words = ("serve", "--host", host, "--port", "0", "--json")
    ended = command.run(*words, SANDBOX_DEVELOPMENT="true", SERVERLESS_TYPE="DISABLED")

    assert (ended.status, ended.json["error"]["code"]) == (30, "loopback_required")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the switch is what it is for")
def test_no_switch_leaves_the_sandbox_out_on_linux(command: CommandLine, echo: str) -> None:
    """The development switch is refused by its name, and nothing runs."""
    invoked = command.run("invoke", echo, "--json", SANDBOX_DEVELOPMENT="true")
    served = command.run("serve", "--port", "0", "--json", SANDBOX_DEVELOPMENT="true")

    for ended in (invoked, served):
        assert (ended.status, ended.json["error"]["code"]) == (30, "config_rejected")
        assert "SANDBOX_DEVELOPMENT" in ended.json["error"]["detail"]


def test_doctor_proves_an_instance_and_misses_an_absent_one(command: CommandLine) -> None:
    """All that is required is proven, also before init, when what comes next is named."""
    before = command.run("doctor", "--json")
    command.must("init")
    after = command.must("doctor")

    assert before.status == 0
    assert {"folder", "store"} <= {
        check["name"] for check in before.json["checks"] if check["standing"] == "warning"
    }
    assert not [check for check in before.json["checks"] if check["standing"] == "failed"]
    assert after["ok"]
    assert {"language", "rlimits", "seccomp", "call"} <= {
        check["name"] for check in after["checks"] if check["standing"] == "ok"
    }
    assert {"proven"} == {layer["state"] for layer in after["layers"] if layer["required"]}
    assert {"one_shot_call", "warm_call", "fork"} <= {check["name"] for check in after["checks"]}
    secret = (command.home / ".env").read_text().rpartition("APP_SECRET=")[2].strip()
    assert secret not in json.dumps(after)


def test_doctor_tells_people_in_sentences(command: CommandLine) -> None:
    """Advice stands by itself, and what is not available is said to be so once."""
    told = " ".join(command.run("doctor").out.split())

    assert ". Run `sanderling init`." in told
    assert "; Run" not in told
    assert "unavailable: not available" not in told


def test_files_named_like_our_packages_do_no_harm(command: CommandLine, echo: str) -> None:
    """A folder with a `config.py` or a `runner.py` of its own is a folder like any other."""
    for name in ("config", "runner", "drivers", "jobs", "sanderling"):
        Path(command.folder / f"{name}.py").write_text("raise SystemExit(99)\n")

    assert command.must("invoke", echo, "--event", "1")["result"] == 1
