"""What every group of variables is."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from config.declaration import Group


class VariableGroup(BaseModel):
    """The variables of one group, each a field that is annotated with what is declared of it."""

    # Only all groups together are ever validated; building each by itself would slow every start.
    model_config = ConfigDict(defer_build=True)

    group: ClassVar[Group]
