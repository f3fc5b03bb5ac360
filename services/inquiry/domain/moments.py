"""Moments as answers hold them: in UTC, and on clocks in Iran."""

import datetime as dt
import functools

from iran import persian


@functools.lru_cache(256)  # questions that are answered together share their moments
def instant(moment: dt.datetime) -> str:
    """Write a moment in UTC, to the second: ``2026-11-23T08:30:00Z``."""
    return moment.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


@functools.lru_cache(256)
def tehran_day(moment: dt.datetime) -> dt.date:
    """The day in Iran at a moment."""
    return persian.tehran_day(moment)


@functools.lru_cache(256)
def jalali_moment(moment: dt.datetime) -> str:
    """Write a moment as clocks in Iran show it: ``1405-09-02 12:00:00``."""
    local = moment.astimezone(persian.TEHRAN)
    return f"{persian.jalali(local.date())} {local:%H:%M:%S}"
