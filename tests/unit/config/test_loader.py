"""Settings come from arguments, environment and .env, in that order, and are validated."""

from pathlib import Path

import pytest

from config.catalogue import CATALOGUE
from config.errors import ConfigRejected
from config.layers import resolve_home
from config.loader import load_snapshot
from config.snapshot import Source
from config.variables import DriverType


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without any declared variable."""
    for variable in CATALOGUE:
        for name in variable.names:
            monkeypatch.delenv(name, raising=False)


def test_defaults_hold_without_any_source(tmp_path: Path) -> None:
    """An empty environment gives the documented defaults, each marked as such."""
    snapshot = load_snapshot(home=tmp_path)

    assert snapshot.settings.driver_type is DriverType.LOCAL
    assert snapshot.settings.api_long_limit == 100
    assert snapshot.sources["SANDERLING_HOME"] is Source.ARGUMENT
    assert {Source.DEFAULT} == {
        source for name, source in snapshot.sources.items() if name != "SANDERLING_HOME"
    }


def test_env_file_of_the_home_is_read(tmp_path: Path) -> None:
    """A value in HOME/.env counts and its source is told."""
    (tmp_path / ".env").write_text("NODE_PORT=4321\n")

    snapshot = load_snapshot(home=tmp_path)

    assert snapshot.settings.node_port == 4321
    assert snapshot.sources["NODE_PORT"] is Source.ENV_FILE


def test_environment_wins_over_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins, also when the .env file uses another name of the variable."""
    (tmp_path / ".env").write_text("SERVERLESS_TYPE=LOCAL\n")
    monkeypatch.setenv("LOGIC_FUNCTION_TYPE", "DISABLED")

    snapshot = load_snapshot(home=tmp_path)

    assert snapshot.settings.driver_type is DriverType.DISABLED
    assert snapshot.sources["SERVERLESS_TYPE"] is Source.ENVIRONMENT


def test_empty_value_means_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NODE_PORT=` in the environment is as good as absent."""
    monkeypatch.setenv("NODE_PORT", "")

    snapshot = load_snapshot(home=tmp_path)

    assert snapshot.settings.node_port == 3000
    assert snapshot.sources["NODE_PORT"] is Source.DEFAULT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVERLESS_TYPE", "LAMDA"),
        ("NODE_PORT", "70000"),
        ("API_RATE_LIMITING_LONG_LIMIT", "0"),
        ("SANDBOX_ACCEPT_MISSING", "seccomp"),
        ("APP_SECRET", "short"),
    ],
)
def test_bad_value_is_refused_by_name_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A value that cannot be used is refused; the refusal names the variable, not the value."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigRejected) as refused:
        load_snapshot(home=tmp_path)

    assert refused.value.facts["name"] == name
    assert value not in str(refused.value).split()


def test_a_bad_value_in_the_environment_is_refused_although_the_database_may_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts the process reads of all mistakes at once, while they can be mended."""
    monkeypatch.setenv("NODE_PORT", "many")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    with pytest.raises(ConfigRejected) as refused:
        load_snapshot(home=tmp_path)

    assert [problem.name for problem in refused.value.problems] == ["NODE_PORT", "LOG_LEVEL"]


def test_what_the_database_may_complete_is_not_missed_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gmail without a client id is a problem only where no database could hold the rest."""
    monkeypatch.setenv("MESSAGING_PROVIDER_GMAIL_ENABLED", "true")
    assert load_snapshot(home=tmp_path).settings.is_gmail_enabled

    monkeypatch.setenv("IS_CONFIG_VARIABLES_IN_DB_ENABLED", "false")
    with pytest.raises(ConfigRejected, match="AUTH_GOOGLE_CLIENT_ID"):
        load_snapshot(home=tmp_path)


def test_unreadable_env_file_is_refused(tmp_path: Path) -> None:
    """An .env file that is not UTF-8 is refused by its name."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe=1\n")

    with pytest.raises(ConfigRejected, match=r"\.env"):
        load_snapshot(home=tmp_path)


def test_home_is_absolute_wherever_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative home and one with `~` both become absolute."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert resolve_home(Path("here")) == tmp_path / "here"
    assert resolve_home() == tmp_path / ".local/share/sanderling"


def test_home_of_nobody_is_refused() -> None:
    """`~nobody-of-this-name` is a refusal, not a traceback."""
    with pytest.raises(ConfigRejected, match="SANDERLING_HOME"):
        resolve_home(Path("~no-such-person-here/x"))
