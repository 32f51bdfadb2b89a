"""How people sign in with a password."""

from typing import Annotated, ClassVar

from config.declaration import Declared, Group
from config.kinds import Flag
from config.variables.group import VariableGroup


class AuthenticationVariables(VariableGroup):
    """Passwords; Google and Microsoft have groups of their own."""

    group: ClassVar[Group] = Group.AUTHENTICATION

    is_password_enabled: Annotated[
        Flag,
        Declared(
            "AUTH_PASSWORD_ENABLED", "Whether people may sign in by password.", is_planned=True
        ),
    ] = True
    is_email_verification_required: Annotated[
        Flag,
        Declared(
            "IS_EMAIL_VERIFICATION_REQUIRED",
            "Whether an e-mail address must be confirmed before its account can be used.",
            is_planned=True,
        ),
    ] = False
