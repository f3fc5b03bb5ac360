"""structlog as JSON lines: one canonical line per unit of work, personal fields hidden."""

import logging
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

HIDDEN = "[hidden]"


def configure(service: str, *, level: str = "INFO", hidden: Iterable[str] = ()) -> None:
    """Sends all logs, also those of libraries, to standard output as JSON lines.

    ``hidden`` are the names of fields whose values must never be written, at any depth.
    """
    names = frozenset(hidden)

    def hide(_: object, __: str, event: EventDict) -> EventDict:
        return {name: _hide(name, value, names) for name, value in event.items()}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _naming(service),
        hide,
    ]
    render: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)
    # It tells each lost connection with a whole traceback; inlet.py says the same in one line.
    logging.getLogger("kombu.mixins").setLevel("ERROR")


def get(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry the name of its part."""
    logger: FilteringBoundLogger = structlog.get_logger(name, part=name)
    return logger


def _naming(service: str) -> Processor:
    def name(_: object, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return name


def _hide(name: str, value: object, hidden: frozenset[str]) -> object:
    if name in hidden:
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _hide(str(inner), v, hidden) for inner, v in value.items()}
    if isinstance(value, list | tuple):
        return [_hide("", item, hidden) for item in value]
    return value
