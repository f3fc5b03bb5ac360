"""Durations in words."""

from gateway.html.amounts import number_fa


def span(minutes: int, language: str = "fa") -> str:
    """Return days with hours, hours with minutes, or minutes; in Persian the numbers are words.

    >>> span(4320), span(1500), span(95), span(95, "en")
    ('سه روز', 'یک روز و یک ساعت', 'یک ساعت و سی و پنج دقیقه', '1 hour 35 minutes')
    """
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "روز", "day"), (hours, "ساعت", "hour")]
    if not days:
        parts.append((rest, "دقیقه", "minute"))
    shown = [part for part in parts if part[0]] or [(0, "دقیقه", "minute")]
    if language == "fa":
        return " و ".join(f"{number_fa(n)} {fa}" for n, fa, _ in shown)
    return " ".join(f"{n} {en}{'' if n == 1 else 's'}" for n, _, en in shown)


_MINUTE, _HOUR = 60, 3600


def seconds(count: float | None) -> str:
    """A span of seconds as people say it: 0.8 ثانیه, 3 دقیقه.

    >>> seconds(0.84), seconds(200), seconds(9000)
    ('0.8 ثانیه', '3 دقیقه', '2 ساعت')
    """
    span = count or 0.0
    if span < _MINUTE:
        return f"{span:.1f} ثانیه" if span < 10 else f"{span:.0f} ثانیه"  # noqa: PLR2004
    return f"{span // _MINUTE:.0f} دقیقه" if span < _HOUR else f"{span // _HOUR:.0f} ساعت"
