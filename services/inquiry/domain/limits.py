"""The limits of an answer: what its reader must not conclude from it, with the texts.

``{day}`` in a text is the day of the data.
"""

import datetime as dt
from collections.abc import Sequence

from services.inquiry.domain.decrees import extended_expiry
from services.inquiry.domain.question import Days, Question, Snapshot
from services.inquiry.domain.records import SourceRecord
from services.inquiry.domain.status import (
    NO_LICENCE,
    NOT_DETERMINABLE,
    NOT_IN_FORCE,
    Status,
)

# How old the data may be by our own rule before an answer says so; the agreement names no figure.
FRESH_DAYS = dt.timedelta(days=30)
LITRES_PER_SECOND = 3.6  # m3 an hour
TOLERANCE = 0.02

LIMITS = {
    "not_a_title_deed": ("این پاسخ سند مالکیت نیست.", "This answer is not a title deed."),
    "valid_30_days": ("این پاسخ تا ۳۰ روز معتبر است.", "This answer is valid for 30 days."),
    "record_younger_than_as_of": (
        "نخستین داده ما ({day}) پس از تاریخ پرسش است و پاسخ از آن آمده است. پروانه‌ها و دستورهای "
        "پیش از آن که دیگر در ثبت نیست، مالک، شریک، کنتور، بدهی و مرحله پرونده در روز پرسش از آن "
        "احراز نمی‌شود.",
        "Our first record ({day}) is younger than the moment asked about, and the answer is made "
        "from it. Licences and orders that the register no longer held, and owners, partners, "
        "meter, debt and steps of cases on the day asked about, are not known.",
    ),
    "volume_differs_from_flow": (
        "حجم مجاز با حاصل دبی و ساعت کارکرد یکی نیست؛ هر دو آمده است.",
        "The licensed volume differs from flow times hours; both are told.",
    ),
    "licence_issued_later": (
        "پروانه پس از تاریخ پرسش صادر شده است.",
        "A licence was issued after the moment asked about.",
    ),
    "several_sources": (
        "بیش از یک منبع با این کلید یافت شد.",
        "More than one source matches the key.",
    ),
    "newer_data_unread": (
        "داده‌های تازه‌تری درباره این پرسش رسیده که خوانده نشده است؛ پاسخ از داده‌های پیشین است.",
        "Newer data about this question came and could not be read; the answer is made of older "
        "data.",
    ),
    "decree_unread": (
        "ابلاغیه‌ای رسیده که خوانده نشده است؛ شاید انقضای این پروانه را تمدید کرده باشد.",
        "A decree came that could not be read; it may have extended this licence.",
    ),
    "rows_unread": (
        "در تازه‌ترین داده‌ها سطرهایی هست که خوانده نمی‌شود و معلوم نیست درباره کیست.",
        "The newest data has rows that cannot be read, and nobody knows whom they concern.",
    ),
    "values_unread": (
        "مقداری از این منبع که در پاسخ می‌آمد خوانده نشده و در پاسخ نیست.",
        "A value of this source that would stand in the answer could not be read and is left out.",
    ),
    "data_old": (
        "داده‌های ما از {day} است، کهنه‌تر از 30 روز؛ آنچه پس از آن شده در این پاسخ نیست.",
        "Our data is of {day}, older than 30 days; what happened since is not in this answer.",
    ),
    "record_changed_since": (
        "پس از روز پرسش داده تازه‌تری درباره این کلید رسیده است و این پاسخ از داده همان روز است؛ "
        "برای وضعیت کنونی بدون تاریخ بپرسید.",
        "Newer data about this key came after the day asked about, and this answer is made of the "
        "data of that day; ask without a day for today's.",
    ),
    "expired_after_data": (
        "پروانه پس از تاریخ داده‌های ما ({day}) پایان یافته است؛ شاید تمدید شده و خبر آن به ما "
        "نرسیده باشد.",
        "The licence ended after the day of our data ({day}); it may have been renewed since.",
    ),
    "no_right_to_take_water": (
        "در این روز پروانه‌ای که برداشت آب را مجاز کند در اعتبار نیست؛ این پاسخ پایه سهمیه سوخت، "
        "تعرفه برق، تسهیلات یا انتقال حق آب نیست.",
        "No licence that allows taking water is in force on this day; this answer is no basis for "
        "fuel quota, power tariff, a loan or a transfer of water.",
    ),
    "right_not_determinable": (
        "از این ثبت نمی‌توان گفت که برداشت آب در این روز مجاز بوده است یا نه؛ این پاسخ نه پایه "
        "سهمیه، تعرفه، تسهیلات یا انتقال است و نه دلیل تخلف.",
        "The record does not tell whether water may be taken on this day; this answer is no basis "
        "for quota, tariff, a loan or a transfer, and no proof of an offence.",
    ),
    "article_5_only": (
        "مجوز ماده ۵ پروانه بهره‌برداری نیست: تنها مصرف خانگی، شرب و باغچه تا ۲۵ متر مکعب در "
        "شبانه‌روز؛ پایه سهمیه سوخت یا تعرفه کشاورزی و صنعت نیست.",
        "A permit by article 5 is no exploitation licence: only households, drinking and small "
        "gardens, up to 25 m3 a day; it is no basis for fuel quota or for the tariff of "
        "agriculture or industry.",
    ),
    "provisional_only": (
        "این پروانه بهره‌برداری موقت است.",
        "This exploitation licence is provisional.",
    ),
    "decree_notified_later": (
        "ابلاغیه‌ای که پس از این روز ابلاغ شده، این پروانه را از تاریخ انقضای آن تمدید کرده است.",
        "A decree that was notified after this day extends this licence from the day it ended.",
    ),
    "order_to_come": (
        "دستوری با تاریخ پس از این روز ثبت شده است؛ پیش از هر تصمیم از شرکت آب منطقه‌ای بپرسید.",
        "An order of a later day is on record; ask the water company before you decide.",
    ),
    "open_case": (
        "درباره این منبع پرونده‌ای باز است؛ پیش از دادن سهمیه، تعرفه یا تسهیلات و پیش از انتقال، "
        "از شرکت آب منطقه‌ای بپرسید.",
        "A case about this source is open; ask the water company before quota, tariff or loan is "
        "granted and before a transfer.",
    ),
}
_BY_GROUP = {
    NOT_IN_FORCE: "no_right_to_take_water",
    NO_LICENCE: "no_right_to_take_water",
    NOT_DETERMINABLE: "right_not_determinable",
}
_BY_STATUS = {"ART5": "article_5_only", "VALID_PROVISIONAL": "provisional_only"}
OPEN_CASE = frozenset({"IN_DISPUTE", "UNDER_REVIEW", "OPEN_VIOLATION"})


def limits_of(
    question: Question,
    records: Sequence[SourceRecord],
    statuses: Sequence[Status],
    snapshot: Snapshot,
    days: Days,
) -> list[str]:
    """List the codes of all limits of an answer.

    That our data is younger stands beside NOT_FOUND too: then nobody could have been on record.
    What concerns volumes is added only where the purpose shows volumes.
    """
    limits = ["not_a_title_deed", "valid_30_days"]
    if question.as_of is not None and snapshot.loaded_at > question.as_of:
        limits.append("record_younger_than_as_of")
    if snapshot.changed_since:
        limits.append("record_changed_since")
    if days.asked_about - days.loaded_on > FRESH_DAYS:
        limits.append("data_old")
    volumes = "technical" in question.purpose.blocks
    if volumes and any(flow_volume(record) is not None for record in records):
        limits.append("volume_differs_from_flow")
    limits += dict.fromkeys(code for status in statuses for code in _limits_of_status(status, days))
    if days.asked_about >= days.loaded_on and any(
        _order_to_come(record, days) for record in records
    ):
        limits.append("order_to_come")
    if any(
        _extended_later(record, status, snapshot, days)
        for record, status in zip(records, statuses, strict=True)
    ):
        limits.append("decree_notified_later")
    if len(statuses) > 1:
        limits.append("several_sources")
    return limits + unread_limits(question, records, snapshot)


def _order_to_come(record: SourceRecord, days: Days) -> bool:
    """Tell whether an order begins after the day; or its year was mistyped."""
    orders = record.get("orders") or ()
    return any(dt.date.fromisoformat(order["on"]) > days.asked_about for order in orders)


def _extended_later(record: SourceRecord, status: Status, snapshot: Snapshot, days: Days) -> bool:
    """Tell whether a decree that was notified after the day extends the licence beyond it."""
    licence = record.get("licence")
    if licence is None or not status.code.startswith("EXPIRED"):
        return False
    expiry, _ = extended_expiry(licence, record.get("use"), snapshot.decrees, dt.date.max)
    return expiry is not None and expiry >= days.asked_about


def _limits_of_status(status: Status, days: Days) -> list[str]:
    """List what this status does not say; its group and its limits come from the same place."""
    if status.reason == "licence_issued_later":
        return ["licence_issued_later"]
    limits = [code for code in (_BY_GROUP.get(status.group), _BY_STATUS.get(status.code)) if code]
    if status.code.startswith("EXPIRED") and status.since and status.since > days.loaded_on:
        limits.append("expired_after_data")
    if OPEN_CASE.intersection(status.flags):
        limits.append("open_case")
    return limits


def unread_limits(
    question: Question, records: Sequence[SourceRecord], snapshot: Snapshot
) -> list[str]:
    """List what the answer cannot say, as rows of the newest export could not be read."""
    limits = []
    if snapshot.unread_since or any(record.get("unread_since") for record in records):
        limits.append("newer_data_unread")
    if "decree" in snapshot.unread_kinds and any(record.get("licence") for record in records):
        limits.append("decree_unread")
    left_out = {block for record in records for block in record.get("left_out") or ()}
    if left_out.intersection(question.purpose.blocks):
        limits.append("values_unread")
    if "row" in snapshot.unread_kinds:
        limits.append("rows_unread")
    return limits


def flow_volume(record: SourceRecord) -> float | None:
    """Compute m3 a year as flow (l/s) x 3.6 x hours a year, if the licensed volume differs."""
    allocation = record.get("allocation") or {}
    volume, flow = allocation.get("volume_m3_year"), allocation.get("flow_lps")
    hours = allocation.get("hours_year")
    if not (volume and flow and hours):
        return None
    computed = float(flow) * LITRES_PER_SECOND * float(hours)
    return round(computed, 1) if abs(computed - volume) > TOLERANCE * computed else None
