"""What a process must know before it can reach the database."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from config.declaration import Declared, Group
from config.kinds import URL, Flag, Folder, Items, Milliseconds, Secret, Secrets, Text, Whole
from config.variables.group import VariableGroup

MIN_SECRET_CHARACTERS = 32
FEWEST_CONNECTIONS = 4
"""One for leases, one that hears of changed settings, and two for the work itself."""

_EXAMPLE = "replace_me"


def _check_app_secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_SECRET_CHARACTERS or text.strip().lower().startswith(_EXAMPLE):
        raise ValueError(f"write at least {MIN_SECRET_CHARACTERS} characters that nobody can guess")
    return value


def _check_connections(value: int) -> int:
    if value < FEWEST_CONNECTIONS:
        raise ValueError(
            f"write at least {FEWEST_CONNECTIONS}: one connection is for leases, one hears of "
            "changed settings, and the work needs two"
        )
    return value


class ServerVariables(VariableGroup):
    """Addresses, database and the secret of this instance."""

    group: ClassVar[Group] = Group.SERVER

    home: Annotated[
        Folder,
        Declared(
            "SANDERLING_HOME",
            "Folder for the embedded database and local files.",
            is_env_only=True,
        ),
    ] = Path("~/.local/share/sanderling")
    server_url: Annotated[
        URL,
        Declared(
            "SERVER_URL",
            "Address at which browsers and providers reach this instance.",
            is_env_only=True,
        ),
    ] = "http://localhost:3000"
    frontend_url: Annotated[
        URL | None,
        Declared(
            "FRONTEND_URL",
            "Address of the pages, where it is not SERVER_URL.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = None
    public_domain_url: Annotated[
        URL | None,
        Declared(
            "PUBLIC_DOMAIN_URL", "Address below which public domains are served.", is_planned=True
        ),
    ] = None
    default_subdomain: Annotated[
        Text,
        Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        Declared(
            "DEFAULT_SUBDOMAIN",
            "Subdomain for sign-up and login where there are several workspaces.",
            is_planned=True,
        ),
    ] = "app"
    node_port: Annotated[
        Whole,
        Field(ge=0, le=65535),
        Declared(
            "NODE_PORT",
            "Port that `sanderling serve` listens on; 0 takes a free one.",
            is_env_only=True,
        ),
    ] = 3000
    trust_proxy: Annotated[
        Items,
        Declared(
            "TRUST_PROXY",
            "Proxies whose `X-Forwarded-*` headers count: addresses, networks, or loopback, "
            "linklocal, uniquelocal.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = ()
    keep_alive_timeout_ms: Annotated[
        Milliseconds,
        Field(ge=1000, le=600_000),
        Declared(
            "SERVER_KEEP_ALIVE_TIMEOUT_MS",
            "How long an idle connection stays open.",
            needs_restart=True,
            is_planned=True,
        ),
    ] = 65_000
    app_secret: Annotated[
        Annotated[Secret, AfterValidator(_check_app_secret)] | None,
        Declared(
            "APP_SECRET",
            "The secret from which all keys of this instance are derived; `sanderling init` "
            "writes one. At least 32 characters.",
            is_env_only=True,
        ),
    ] = None
    app_secret_previous: Annotated[
        Secrets,
        Declared(
            "APP_SECRET_PREVIOUS",
            "Earlier values of APP_SECRET, newest first, with commas between them: what they "
            "sealed still opens.",
            is_env_only=True,
        ),
    ] = ()
    database_url: Annotated[
        Secret | None,
        Declared(
            "DATABASE_URL",
            "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; by default a SQLite "
            "file in SANDERLING_HOME.",
            aliases=("PG_DATABASE_URL",),
            is_env_only=True,
        ),
    ] = None
    pg_pool_max_connections: Annotated[
        Annotated[Whole, AfterValidator(_check_connections)],
        Field(le=1000),
        Declared(
            "PG_POOL_MAX_CONNECTIONS",
            "Connections to PostgreSQL that one process keeps at most, with those for leases and "
            f"for news of settings; at least {FEWEST_CONNECTIONS}.",
            is_env_only=True,
        ),
    ] = 10
    pg_ssl_allow_self_signed: Annotated[
        Flag,
        Declared(
            "PG_SSL_ALLOW_SELF_SIGNED",
            "Whether PostgreSQL may show a certificate that nobody vouches for.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = False
    redis_url: Annotated[
        Secret | None,
        Declared(
            "REDIS_URL",
            "`redis://:PASSWORD@HOST:PORT/NUMBER`; without it processes coordinate by the "
            "database alone.",
            is_env_only=True,
        ),
    ] = None
    redis_queue_url: Annotated[
        Secret | None,
        Declared(
            "REDIS_QUEUE_URL",
            "Redis for queues, where it is not REDIS_URL.",
            is_env_only=True,
        ),
    ] = None
    is_multiworkspace_enabled: Annotated[
        Flag,
        Declared(
            "IS_MULTIWORKSPACE_ENABLED",
            "Whether people may make workspaces of their own, each below its subdomain.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = False
    is_workspace_creation_limited: Annotated[
        Flag,
        Declared(
            "IS_WORKSPACE_CREATION_LIMITED_TO_SERVER_ADMINS",
            "Whether only server admins make further workspaces.",
            is_planned=True,
        ),
    ] = False
