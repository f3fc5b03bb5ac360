"""Figures as senders and editors read them: added up by day or template, or as they are kept."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, collate, func, null, select

from bus.database import paging
from bus.database.paging import Page
from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.usage.statistics import (
    AllFigures,
    Figure,
    Figures,
    ReadAllFigures,
    ReadFigures,
    SenderFigure,
)
from services.notify.context import Context
from services.notify.statistics.counting import counted_until
from services.notify.tables import SENDER_DAYS, TEMPLATES

_DAYS = SENDER_DAYS.c
# What of a row is not added up over.
_KEPT: Mapping[str, Sequence[str]] = {
    "day": ("day",),
    "template": ("template",),
    "total": (),
    "row": ("day", "template"),
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Messages that are alike; ``key`` orders the rows, newest day first, and names none twice."""

    key: str
    day: dt.date | None
    owner: str
    channel: str
    template: UUID | None
    template_code: str | None
    kind: str
    state: str
    count: int
    parts: int
    cost_rials: int


def own(context: Context, owner: str, request: ReadFigures) -> Figures:
    """The figures of one sender."""
    rows = _page(context, request, owner)
    return Figures(
        figures=tuple(_figure(row) for row in rows.rows),
        counted_at=instant(counted_until(context.conn)),
        next=rows.next(lambda row: row.key),
    )


def of_all(context: Context, request: ReadAllFigures) -> AllFigures:
    """The figures of all senders, or of the one that is named."""
    rows = _page(context, request, request.owner)
    return AllFigures(
        figures=tuple(_sender_figure(row) for row in rows.rows),
        counted_at=instant(counted_until(context.conn)),
        next=rows.next(lambda row: row.key),
    )


def _page(context: Context, request: ReadFigures, owner: str | None) -> Page[FigureRow]:
    grouped = _grouped(request, owner).subquery()
    parts = ("day", "owner", "channel", "template", "kind", "state")
    key = collate(func.concat_ws("|", *(grouped.c[name] for name in parts)), "C")
    query = select(key.label("key"), *grouped.c, TEMPLATES.c.code.label("template_code")).outerjoin(
        TEMPLATES, TEMPLATES.c.id == grouped.c.template
    )
    if request.before is not None:
        query = query.where(key < request.before)
    query = query.order_by(key.desc()).limit(request.limit + 1)
    return paging.page(fetch_all(context.conn, FigureRow, query), request.limit)


def _grouped(request: ReadFigures, owner: str | None) -> Select[tuple[object, ...]]:
    """The rows that are asked for, added up over what ``by`` leaves out."""
    kept = _KEPT[request.by]
    same = ("owner", "channel", *kept, "kind", "state")
    conditions: list[ColumnElement[bool]] = [
        _DAYS.day >= dt.date.fromisoformat(request.from_day),
        _DAYS.day <= dt.date.fromisoformat(request.to_day),
    ]
    if owner is not None:
        conditions.append(_DAYS.owner == owner)
    if request.channel is not None:
        conditions.append(_DAYS.channel == request.channel)
    left_out = [
        null().cast(_DAYS[name].type).label(name)
        for name in ("day", "template")
        if name not in kept
    ]
    return (
        select(
            *(_DAYS[name] for name in same),
            *left_out,
            *(
                func.sum(_DAYS[name]).cast(_DAYS[name].type).label(name)
                for name in ("count", "parts", "cost_rials")
            ),
        )
        .where(*conditions)
        .group_by(*(_DAYS[name] for name in same))
    )


def _figure(row: FigureRow) -> Figure:
    # A letter that came as a PDF has the template of no number.
    has_template = row.template is not None and row.template.int != 0
    return Figure(
        day=row.day.isoformat() if row.day else None,
        channel=row.channel,
        template=str(row.template) if has_template else None,
        template_code=row.template_code,
        kind=row.kind,
        state=row.state,
        count=row.count,
        parts=row.parts,
        cost_rials=row.cost_rials,
    )


def _sender_figure(row: FigureRow) -> SenderFigure:
    return SenderFigure(**vars(_figure(row)), owner=row.owner)
