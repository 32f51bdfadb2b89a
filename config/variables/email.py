"""How e-mail leaves."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Condition, Declared, Group, Kind
from config.kinds import Flag, Secret, Text, Whole, choice
from config.variables.group import VariableGroup


class EmailDriver(StrEnum):
    """What e-mail is handed to."""

    LOGGER = "LOGGER"
    SMTP = "SMTP"


_SMTP = (Condition("EMAIL_DRIVER", EmailDriver.SMTP),)
_Address = Annotated[Text, Field(pattern=r"^[^@\s<>]{1,64}@[^@\s<>]{1,255}$")]


class EmailVariables(VariableGroup):
    """Sender and SMTP server."""

    group: ClassVar[Group] = Group.EMAIL

    email_driver: Annotated[
        EmailDriver,
        choice(EmailDriver),
        Kind.ENUM,
        Declared(
            "EMAIL_DRIVER", "LOGGER writes that a mail would go; SMTP sends it.", is_planned=True
        ),
    ] = EmailDriver.LOGGER
    email_from_address: Annotated[
        _Address,
        Declared("EMAIL_FROM_ADDRESS", "Address that mails come from.", is_planned=True),
    ] = "noreply@yourdomain.com"
    email_from_name: Annotated[
        Text, Declared("EMAIL_FROM_NAME", "Name beside that address.", is_planned=True)
    ] = "Sanderling"
    smtp_host: Annotated[
        Text,
        Declared("EMAIL_SMTP_HOST", "Name of the SMTP server.", required_if=_SMTP, is_planned=True),
    ] = ""
    smtp_port: Annotated[
        Whole,
        Field(ge=1, le=65535),
        Declared("EMAIL_SMTP_PORT", "Port of the SMTP server.", is_planned=True),
    ] = 587
    is_smtp_plain: Annotated[
        Flag,
        Declared(
            "EMAIL_SMTP_NO_TLS",
            "Whether mails and password travel without TLS; for a server on this machine alone.",
            is_planned=True,
        ),
    ] = False
    smtp_user: Annotated[
        Secret | None, Declared("EMAIL_SMTP_USER", "User at the SMTP server.", is_planned=True)
    ] = None
    smtp_password: Annotated[
        Secret | None,
        Declared("EMAIL_SMTP_PASSWORD", "Password at the SMTP server.", is_planned=True),
    ] = None
