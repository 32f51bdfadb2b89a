"""How this process comes by its settings."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Declared, Group
from config.kinds import Flag, Folder, Milliseconds
from config.variables.group import VariableGroup


class ConfigurationVariables(VariableGroup):
    """Where settings are kept and how soon a change arrives."""

    group: ClassVar[Group] = Group.CONFIGURATION

    is_config_in_db_enabled: Annotated[
        Flag,
        Declared(
            "IS_CONFIG_VARIABLES_IN_DB_ENABLED",
            "Whether settings may be kept in the database; with false they come from environment "
            "and .env alone, and a restart applies them.",
            is_env_only=True,
        ),
    ] = True
    config_poll_interval_ms: Annotated[
        Milliseconds,
        Field(ge=50, le=5000),
        Declared(
            "CONFIG_POLL_INTERVAL_MS",
            "How often a process asks the database for a newer revision, whatever hints it gets.",
            is_env_only=True,
        ),
    ] = 5000
    config_last_good_file: Annotated[
        Folder | None,
        Declared(
            "CONFIG_LAST_GOOD_FILE",
            "File for the sealed copy of the last good settings, for a start without the "
            "database; by default `config.last-good` in SANDERLING_HOME.",
            is_env_only=True,
        ),
    ] = None
