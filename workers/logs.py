"""How the fleet's processes log: events with fields, for people on a terminal and as JSON lines for machines.

Every record of every library goes the same way, and through redaction last.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO, cast

import structlog
from celery import signals
from structlog.dev import plain_traceback
from structlog.typing import EventDict, Processor, WrappedLogger

from ..tasks.errors import ConfigurationError
from .redaction import Redactor

Format = Literal["console", "json"]
#: Told of an event, with its name as `event`, its `level` and its fields.
OnEvent = Callable[[Mapping[str, Any]], None]

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_FORMATS: tuple[Format, ...] = ("console", "json")

#: The logger above all of ours. Others' records are shown from a warning on.
_OURS = "workfleet"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """level: the least that is shown. format: `console` for people, `json` for machines; None is by the stream.

    colors: None is by the stream. debug_providers: their debug events are shown at any level.
    """

    level: str = "info"
    format: Format | None = None
    colors: bool | None = None
    debug_providers: frozenset[str] = frozenset()


def log_options(env: Mapping[str, str], *, debug_providers: Iterable[str] = ()) -> LogOptions:
    """Options from FLEET_LOG_LEVEL, FLEET_LOG_FORMAT, NO_COLOR and FORCE_COLOR."""
    level = env.get("FLEET_LOG_LEVEL", "info").lower()
    if level not in LEVELS:
        raise ConfigurationError(f"FLEET_LOG_LEVEL is {level!r}; known: {', '.join(LEVELS)}")
    wanted = env.get("FLEET_LOG_FORMAT", "").lower()
    if wanted and wanted not in _FORMATS:
        raise ConfigurationError(f"FLEET_LOG_FORMAT is {wanted!r}; known: {', '.join(_FORMATS)}")
    colors = False if env.get("NO_COLOR") else True if env.get("FORCE_COLOR") else None
    return LogOptions(level, cast("Format", wanted) or None, colors, frozenset(debug_providers))


def for_machines(options: LogOptions, stream: TextIO) -> bool:
    """Whether the logs on this stream are JSON lines."""
    return options.format == "json" or (options.format is None and not stream.isatty())


def configure_logs(
    options: LogOptions,
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    on_event: OnEvent | None = None,
) -> None:
    """Send the process' logs to the stream, standard error if None. Call it again when secrets are known.

    on_event: told every event that is no debugging, whatever the level of the log, without secrets.
    """
    output = sys.stderr if stream is None else stream
    shown_level = own_level = logging.DEBUG if options.debug_providers else LEVELS[options.level]
    redactor = Redactor(secrets)
    hearing: list[Processor] = []
    if on_event is not None:
        own_level = min(own_level, logging.INFO)
        hearing = [_Heard(on_event, redactor), _OnlyFrom(shown_level)]
    machine = for_machines(options, output)
    stamp = structlog.processors.TimeStamper(fmt="iso" if machine else _TO_THE_SECOND, utc=True)
    facts: list[Processor] = [*_FACTS, stamp]
    structlog.configure(
        processors=[_OnlyDebugged(options), *facts, *hearing, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=_named_logger,
        wrapper_class=structlog.make_filtering_bound_logger(own_level),
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _Redacted(redactor),
                structlog.processors.JSONRenderer(ensure_ascii=False) if machine else _for_people(options, output),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *facts],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if options.level == "debug" else max(LEVELS[options.level], logging.WARNING))
    logging.getLogger(_OURS).setLevel(own_level)
    signals.setup_logging.connect(_leave_logs_alone)


_FACTS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
)
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%SZ"


def _named_logger(*name: str) -> logging.Logger:
    return logging.getLogger(name[0] if name else _OURS)


def _for_people(options: LogOptions, stream: TextIO) -> Processor:
    colors = stream.isatty() if options.colors is None else options.colors
    # The plain traceback: others print the values of local variables, prompts and keys among them.
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain_traceback, pad_event_to=24)


def _leave_logs_alone(**_: object) -> None:
    """Celery sets up no logging of its own where somebody listens to this signal."""


@dataclass(frozen=True, slots=True)
class _OnlyDebugged:
    """Drops debug events, unless the level is debug or the event is of a provider that is debugged."""

    options: LogOptions

    def __call__(self, _: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method == "debug" and self.options.level != "debug" and _provider(event) not in self.options.debug_providers:
            raise structlog.DropEvent
        return event


def _provider(event: EventDict) -> str:
    return str(event.get("provider") or str(event.get("target", "")).partition("/")[0])


@dataclass(frozen=True, slots=True)
class _Heard:
    """Tells a listener of what is no debugging."""

    listener: OnEvent
    redactor: Redactor

    def __call__(self, _: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method != "debug":
            self.listener(self.redactor.fields(dict(event)))
        return event


@dataclass(frozen=True, slots=True)
class _OnlyFrom:
    """Drops what is below the level of the log, and was let through for who listens."""

    level: int

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if LEVELS.get(str(event["level"]), self.level) < self.level:
            raise structlog.DropEvent
        return event


@dataclass(frozen=True, slots=True)
class _Redacted:
    redactor: Redactor

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return self.redactor.fields(event)
