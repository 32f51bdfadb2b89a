"""`sanderling config` and `sanderling secrets` on a home, as an operator."""

from pathlib import Path

import pytest

from support.command import CommandLine

pytestmark = pytest.mark.slow

SECRET = "hunter2-but-much-longer"
NAME = "AUTH_GOOGLE_CLIENT_SECRET"


@pytest.fixture
def home(command: CommandLine) -> CommandLine:
    """Return the command for a home that is ready."""
    command.must("init")
    return command


def test_settings_are_set_looked_at_and_taken_back(home: CommandLine) -> None:
    """Each step is a revision with its author and reason, and going back is one as well."""
    made = home.must("config", "set", "LOG_LEVEL=DEBUG", "LOG_FORMAT=JSON", "--reason", "look")
    home.must("config", "unset", "LOG_FORMAT")
    home.must("config", "rollback", "1")

    history = home.must("config", "history")["items"]
    shown = home.must("config", "get", "LOG_FORMAT")
    listed = home.run("config", "list", "--changed")

    assert made["revision"] == 1
    assert [(each["revision"], each["changed_by"]) for each in history] == [
        (3, "operator"),
        (2, "operator"),
        (1, "operator"),
    ]
    assert (shown["value"], shown["source"]) == ("JSON", "database")
    assert "LOG_LEVEL" in listed.out
    assert "Revision 3." in listed.out


def test_an_invalid_change_is_refused_whole(home: CommandLine) -> None:
    """The reason names the variable, and the good half is not kept either."""
    ended = home.run("config", "set", "LOG_LEVEL=DEBUG", "LOG_FORMAT=ODD")

    assert ended.status == 30
    assert "LOG_FORMAT is not valid" in ended.err
    assert home.must("config", "list")["revision"] == 0


def test_the_second_of_two_people_sees_both_values(home: CommandLine) -> None:
    """A change that is based on an old revision is a conflict, not a lost update."""
    home.must("config", "set", "LOG_LEVEL=DEBUG", "--base", "0")

    told = home.run("config", "set", "LOG_LEVEL=ERROR", "--base", "0")
    as_json = home.run("config", "set", "LOG_LEVEL=ERROR", "--base", "0", "--json")

    assert (told.status, as_json.status) == (30, 30)
    assert "LOG_LEVEL: in force DEBUG, asked for ERROR" in told.err
    assert as_json.json["error"]["conflicts"] == [
        {"name": "LOG_LEVEL", "in_force": "DEBUG", "asked": "ERROR"}
    ]
    assert home.must("config", "get", "LOG_LEVEL")["value"] == "DEBUG"


def test_a_secret_goes_in_and_never_comes_out(home: CommandLine, tmp_path: Path) -> None:
    """It is read from the input or a file; no output, log or database file shows it."""
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")

    ended = [
        home.run("config", "set", NAME, given=SECRET + "\n"),
        home.run("config", "set", NAME, "--from-file", str(file)),
        home.run("config", "get", NAME),
        home.run("config", "list", "--changed", "--json"),
        home.run("config", "history"),
    ]

    assert [each.status for each in ended] == [0, 0, 0, 0, 0]
    assert "Nothing differs" in ended[1].out
    assert not [each for each in ended if SECRET in each.out + each.err]
    assert not [
        path
        for path in home.home.iterdir()
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]


def test_a_secret_among_the_words_is_pointed_out(home: CommandLine) -> None:
    """It works, and whoever did it is told of the better way."""
    ended = home.run("config", "set", f"{NAME}={SECRET}")

    assert ended.status == 0
    assert "may have seen the value" in ended.err
    assert SECRET not in ended.out + ended.err


def test_the_secret_of_the_instance_is_rotated(home: CommandLine) -> None:
    """With both secrets everything opens; after sealing anew the old one is not needed."""
    home.run("config", "set", NAME, given=SECRET)
    before = home.must("config", "get", NAME)["fingerprint"]
    old = (home.home / ".env").read_text().partition("APP_SECRET=")[2].strip()
    new = "another-secret-of-this-instance-0"

    lost = home.must("config", "get", NAME, APP_SECRET=new)["fingerprint"]
    stuck = home.run("secrets", "rewrap", "--json", APP_SECRET=new)
    done = home.must("secrets", "rewrap", APP_SECRET=new, APP_SECRET_PREVIOUS=old)
    again = home.must("secrets", "rewrap", APP_SECRET=new)
    after = home.must("config", "get", NAME, APP_SECRET=new)["fingerprint"]

    assert lost == "secret:unreadable"
    assert (stuck.status, stuck.json["unreadable"]) == (1, [f"{NAME} in revision 1"])
    assert (done["sealed"], again["sealed"], again["current"]) == (1, 0, 1)
    assert after.startswith("secret:")
    assert after not in {before, "secret:unreadable"}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"APP_SECRET": "replace_me_with_a_random_string"}, "APP_SECRET"),
        ({"REDIS_URL": "http://:hidden@host/"}, "REDIS_URL"),
        ({"DATABASE_URL": "mysql://user:hidden@host/name"}, "DATABASE_URL"),
    ],
)
def test_check_names_the_problem_and_starts_nothing(
    command: CommandLine, settings: dict[str, str], name: str
) -> None:
    """What would keep a process from starting is found before it is started."""
    ended = command.run("config", "check", "--json", **settings)

    assert ended.status == 1
    assert name in [problem["name"] for problem in ended.json["problems"]]
    assert "hidden" not in ended.out
    assert not command.home.exists()


def test_check_is_content_with_a_fresh_home(home: CommandLine) -> None:
    """What `init` makes is in order."""
    assert home.must("config", "check") == {"problems": []}


def test_in_environment_only_mode_nothing_can_be_set(home: CommandLine) -> None:
    """The values are shown, and the refusal says where to change them."""
    mode = {"IS_CONFIG_VARIABLES_IN_DB_ENABLED": "false", "LOG_LEVEL": "ERROR"}

    shown = home.must("config", "list", **mode)
    refused = home.run("config", "set", "LOG_LEVEL=DEBUG", **mode)

    assert shown["is_changeable"] is False
    assert {item["value"] for item in shown["items"] if item["name"] == "LOG_LEVEL"} == {"ERROR"}
    assert refused.status == 30
    assert "environment" in refused.err


def test_an_operator_elsewhere_needs_the_key_of_a_server_administrator(home: CommandLine) -> None:
    """Over HTTP the same commands work with such a key and with no other."""
    admin = home.must("keys", "create", "ops", "--server-admin")["key"]
    other = home.must("keys", "create", "app", "--role", "admin")["key"]
    with home.serving() as server:
        far = ("--url", server.url, "--key")
        home.must("config", "set", "LOG_LEVEL=DEBUG", *far, admin)
        refused = home.run("config", "set", "LOG_LEVEL=ERROR", *far, other)
        shown = home.must("config", "get", "LOG_LEVEL", *far, admin)

    assert refused.status == 30
    assert "server administrator" in refused.err
    assert shown["value"] == "DEBUG"
