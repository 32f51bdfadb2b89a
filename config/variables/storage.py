"""Where files are kept."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Condition, Declared, Group, Kind
from config.kinds import URL, Folder, Secret, Text, choice
from config.variables.group import VariableGroup


class StorageType(StrEnum):
    """What keeps files."""

    LOCAL = "LOCAL"
    S_3 = "S_3"


_S3 = (Condition("STORAGE_TYPE", StorageType.S_3),)
_KEY_ID, _KEY = "STORAGE_S3_ACCESS_KEY_ID", "STORAGE_S3_SECRET_ACCESS_KEY"


class StorageVariables(VariableGroup):
    """A folder, or a bucket of anything that speaks S3."""

    group: ClassVar[Group] = Group.STORAGE

    storage_type: Annotated[
        StorageType,
        choice(StorageType),
        Kind.ENUM,
        Declared(
            "STORAGE_TYPE", "Where files are kept: LOCAL, in a folder, or S_3.", is_planned=True
        ),
    ] = StorageType.LOCAL
    storage_local_path: Annotated[
        Folder,
        Declared(
            "STORAGE_LOCAL_PATH",
            "Folder for files; a relative one is in the home.",
            is_planned=True,
        ),
    ] = Path(".local-storage")
    s3_region: Annotated[
        Text, Declared("STORAGE_S3_REGION", "Region.", required_if=_S3, is_planned=True)
    ] = ""
    s3_name: Annotated[
        Text, Declared("STORAGE_S3_NAME", "Name of the bucket.", required_if=_S3, is_planned=True)
    ] = ""
    s3_endpoint: Annotated[
        URL | None,
        Declared(
            "STORAGE_S3_ENDPOINT", "Address of a bucket that is not Amazon's.", is_planned=True
        ),
    ] = None
    s3_access_key_id: Annotated[
        Text,
        Field(max_length=256),
        Declared(
            _KEY_ID, "Key id; without it the usual AWS chain decides who we are.", is_planned=True
        ),
    ] = ""
    s3_secret_access_key: Annotated[
        Secret | None, Declared(_KEY, "Secret of the key id.", is_planned=True)
    ] = None
