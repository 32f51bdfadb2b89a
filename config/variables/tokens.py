"""How long tokens and links are good."""

from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Declared, Group
from config.kinds import Seconds
from config.variables.group import VariableGroup

_DAY_S = 86_400
_Lifetime = Annotated[Seconds, Field(ge=1, le=3650 * _DAY_S)]


class TokenVariables(VariableGroup):
    """Lifetimes; what is already handed out keeps the one it got."""

    group: ClassVar[Group] = Group.TOKENS

    email_verification_token_expires_in_s: Annotated[
        _Lifetime,
        Declared(
            "EMAIL_VERIFICATION_TOKEN_EXPIRES_IN",
            "How long a link that confirms an e-mail address is good.",
            is_planned=True,
        ),
    ] = 60 * 60
    password_reset_token_expires_in_s: Annotated[
        _Lifetime,
        Declared(
            "PASSWORD_RESET_TOKEN_EXPIRES_IN",
            "How long a link that resets a password is good.",
            is_planned=True,
        ),
    ] = 5 * 60
    access_token_expires_in_s: Annotated[
        _Lifetime,
        Declared("ACCESS_TOKEN_EXPIRES_IN", "How long an access token is good.", is_planned=True),
    ] = 30 * 60
    workspace_agnostic_token_expires_in_s: Annotated[
        _Lifetime,
        Declared(
            "WORKSPACE_AGNOSTIC_TOKEN_EXPIRES_IN",
            "How long a token that is bound to no workspace yet is good.",
            is_planned=True,
        ),
    ] = 30 * 60
    refresh_token_expires_in_s: Annotated[
        _Lifetime,
        Declared("REFRESH_TOKEN_EXPIRES_IN", "How long a refresh token is good.", is_planned=True),
    ] = 60 * _DAY_S
    login_token_expires_in_s: Annotated[
        _Lifetime,
        Declared(
            "LOGIN_TOKEN_EXPIRES_IN",
            "How long a token that carries a sign-in from one address to another is good.",
            is_planned=True,
        ),
    ] = 15 * 60
    file_token_expires_in_s: Annotated[
        _Lifetime,
        Declared("FILE_TOKEN_EXPIRES_IN", "How long a link to a file is good.", is_planned=True),
    ] = _DAY_S
    invitation_token_expires_in_s: Annotated[
        _Lifetime,
        Declared("INVITATION_TOKEN_EXPIRES_IN", "How long an invitation is good.", is_planned=True),
    ] = 30 * _DAY_S
    short_term_token_expires_in_s: Annotated[
        _Lifetime,
        Declared(
            "SHORT_TERM_TOKEN_EXPIRES_IN",
            "How long a token for one step of a longer way is good.",
            is_planned=True,
        ),
    ] = 5 * 60
    refresh_token_cool_down_s: Annotated[
        Annotated[Seconds, Field(ge=0, le=_DAY_S)],
        Declared(
            "REFRESH_TOKEN_COOL_DOWN",
            "How long a refresh token that was used once more is taken for a repeated request.",
            aliases=("REFRESH_TOKEN_REUSE_GRACE_PERIOD",),
            is_planned=True,
        ),
    ] = 60
    session_absolute_lifetime_s: Annotated[
        _Lifetime,
        Declared("SESSION_ABSOLUTE_LIFETIME", "How long a session lasts at most.", is_planned=True),
    ] = 180 * _DAY_S
    session_idle_timeout_s: Annotated[
        _Lifetime,
        Declared(
            "SESSION_IDLE_TIMEOUT", "After how long without use a session ends.", is_planned=True
        ),
    ] = 30 * _DAY_S
