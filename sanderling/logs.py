"""Log lines: structured, on standard error, free of secrets.

Our own code logs a constant event name with ids and sizes. Lines of libraries pass through the
same fence and renderer as `library.reported`. The redaction here is a last fence: nothing of ours
logs a key or an address with a password in the first place.
"""

import logging
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.variables import LogFormat, LogLevel

_KEY = re.compile(r"sdl_[0-9A-Za-z_-]+")
_PASSWORD = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]*@")
_FOREIGN = "library.reported"


def redact(text: str) -> str:
    """Return `text` with everything shaped like an API key or a URL's password masked."""
    return _PASSWORD.sub(r"\1:…@", _KEY.sub("sdl_…", text))


def configure_logs(
    *,
    level: LogLevel = LogLevel.INFO,
    form: LogFormat = LogFormat.AUTO,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of this process to `stream`, by default standard error.

    Calling it again replaces the earlier configuration. Library lines below WARNING are dropped.
    """
    target = stream or sys.stderr
    is_pretty = form is LogFormat.PRETTY or (form is LogFormat.AUTO and target.isatty())
    chain = _chain()
    renderer = _renderer(is_pretty=is_pretty)
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level.value.lower()),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_foreign, *chain],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Below WARNING libraries write what they send and get: credentials, session tokens, events. The
    # handler refuses it as well, for the sake of loggers with a level of their own.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.value]))
    handler.setLevel(logging.WARNING)


def _chain() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]


def _renderer(*, is_pretty: bool) -> Processor:
    if is_pretty:
        # The traceback was already made text, so that redaction sees it.
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False)


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets in every text of a log line, however deep it is."""
    # Names with an underscore carry structlog's own objects, which never reach the line.
    return {
        name: value if name.startswith("_") else _redact_value(value)
        for name, value in event.items()
    }


def _redact_value(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            items = cast("dict[object, object]", value).items()
            return {_redact_value(key): _redact_value(item) for key, item in items}
        case list() | tuple() | set() | frozenset():
            return [_redact_value(item) for item in cast("Sequence[object]", value)]
        case int() | float() | None:
            return value
        case _:
            return redact(str(value))


def _name_foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event["message"] = str(event["event"])
    event["event"] = _FOREIGN
    event["logger"] = record.name
    return event
