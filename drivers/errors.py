"""What can go wrong with a driver itself."""

from typing import ClassVar

from sanderling.kernel.errors import Fault


class DriverError(Fault):
    """The driver {driver} cannot start: {reason}."""

    code: ClassVar[str] = "driver_error"

    def __init__(self, *, driver: str, reason: str) -> None:
        """Keep the driver's name and a reason that says what to do."""
        super().__init__(driver=driver, reason=reason)
