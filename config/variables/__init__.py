"""The declared variables: name, aliases, type, default, group and what each one does.

Names and numbers are those of the system our users know; `LOGIC_FUNCTION_*` is accepted wherever
`SERVERLESS_*` is.
"""

from config.variables.logging import LogFormat, LogLevel
from config.variables.logic_functions import DriverType
from config.variables.settings import GROUPS, Settings, declared_of

__all__ = ["GROUPS", "DriverType", "LogFormat", "LogLevel", "Settings", "declared_of"]
