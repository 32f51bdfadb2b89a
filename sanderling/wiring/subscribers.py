"""The parts of a process that follow settings: driver, rate limits, log lines."""

from config.subscriber import Prepared
from config.variables import DriverType, Settings
from runner.gate import Gate
from runner.limit_policy import LimitPolicy
from runner.target import Targets
from sanderling.logs import configure_logs
from sanderling.wiring.drivers import build_driver, lambda_settings, local_settings
from sanderling.wiring.limits import limit_policy
from sanderling.wiring.switching import SwitchingDriver


async def _nothing() -> None:
    """Give nothing back: nothing was taken."""


class DriverSubscriber:
    """Starts another driver when its type, or what it is told, changes."""

    name = "driver"

    def __init__(self, driver: SwitchingDriver, *, process: str) -> None:
        """Let drivers take over from `driver`; `process` is what their messages name."""
        self._driver = driver
        self._process = process

    def needs(self, settings: Settings) -> object:
        """Return the type, and what that driver is told."""
        if settings.driver_type is DriverType.DISABLED:
            return settings.driver_type
        if settings.driver_type is DriverType.LAMBDA:
            return (settings.driver_type, lambda_settings(settings))
        return (settings.driver_type, settings.sandbox_development, local_settings(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Start the driver that `settings` name.

        Raises:
            ConfigRejected: there is none for them.
            DriverError: it cannot start here.

        """
        return await self._driver.prepare(build_driver(settings, process=self._process))


class LimitsSubscriber:
    """Counts by other numbers; what callers have used up already stays used up."""

    name = "rate limits"

    def __init__(self, gate: Gate, targets: Targets) -> None:
        """Tell both places that make rules."""
        self._gate = gate
        self._targets = targets

    def needs(self, settings: Settings) -> LimitPolicy:
        """Return the numbers behind every rule."""
        return limit_policy(settings)

    async def prepare(self, settings: Settings) -> Prepared:
        """Make the new policy."""
        policy = limit_policy(settings)

        def swap() -> None:
            self._gate.follow(policy)
            self._targets.follow(policy)

        return Prepared(swap, _nothing)


class LogsSubscriber:
    """Writes log lines from another level on, or in another form."""

    name = "log lines"

    def needs(self, settings: Settings) -> object:
        """Return level and form."""
        return (settings.log_level, settings.log_format)

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: both are words."""
        return Prepared(lambda: follow_logs(settings), _nothing)


def follow_logs(settings: Settings) -> None:
    """Write log lines as `settings` say."""
    configure_logs(level=settings.log_level, form=settings.log_format)
