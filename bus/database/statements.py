"""Spans of SQL statements: their text with places for values, never a value."""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExceptionContext

from bus.process import spans
from bus.process.spans import Kind, Span

SPAN = "span"
SYSTEM = "postgresql"


def watch(engine: Engine) -> None:
    """Have a span made for each statement that runs within a span."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


# Any: the arguments of SQLAlchemy's events, of which only the text and the context are read.
def _begin(
    conn: Connection, _cursor: Any, text: str, _values: Any, context: Any, _many: bool
) -> None:
    if spans.current() is None:
        return
    span = spans.begin(Kind.CLIENT, _name_of(text), attributes=_attributes(conn, text))
    if span is not None and context is not None:
        setattr(context, SPAN, span)


def _end(
    _conn: Connection, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool
) -> None:
    span: Span | None = getattr(context, SPAN, None)
    if span is not None:
        span.end()


def _fail(failure: ExceptionContext) -> None:
    span: Span | None = getattr(failure.execution_context, SPAN, None)
    if span is not None:
        span.fail(str(getattr(failure.original_exception, "pgcode", None) or "error"))
        span.end()


def _attributes(conn: Connection, text: str) -> dict[str, spans.Value]:
    return {
        "db.system.name": SYSTEM,
        "db.namespace": conn.engine.url.database or "",
        "db.operation.name": _name_of(text),
        "db.query.text": text,
    }


def _name_of(text: str) -> str:
    """The first word of a statement, which is how such a span is called."""
    return (text.split(None, 1) or ["statement"])[0].upper()[:20]
