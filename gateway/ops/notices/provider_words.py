"""What the desk says of providers: of what is done to them, and why their shares move."""

from collections.abc import Mapping

from contracts.notify.pace import WeightMove

NAMES = {
    "kavenegar": "کاوه‌نگار",
    "magfa": "مگفا",
    "melipayamak": "ملی پیامک",
    "smsir": "اس‌ام‌اس دات آی‌آر",
    "smtp": "سامانه پست الکترونیک",
}
DONE = {
    "pause": "ارائه‌دهنده کنار گذاشته شد؛ پیام تازه‌ای به آن فرستاده نمی‌شود.",
    "resume": "ارائه‌دهنده دوباره به کار گرفته شد.",
    "weigh": "سهم ارائه‌دهنده تغییر کرد.",
    "pin": "سهم تا پایان این مدت همان می‌ماند.",
}
REASONS: Mapping[str, str] = {
    "errors": "خطای بسیار",
    "slow": "دیر رسیدن",
    "rest": "بازگشت پس از آرامش",
    "weighed": "سهم تازه",
    "pinned": "نگه داشتن سهم",
    "released": "رها کردن سهم",
}
REASON_PILLS: Mapping[str, str] = {"errors": "bad", "slow": "warn", "rest": "good"}
TROUBLES: Mapping[str, str] = {"errors": "خطای بسیار", "slow": "دیر می‌رساند"}


def evidence(move: WeightMove) -> str:
    """Return the numbers behind a change in words; empty if it has none."""
    if move.part is None or move.whole is None:
        return ""
    noun = "خطا از" if move.reason == "errors" else "پیام کند از"
    return f"{move.part} {noun} {move.whole}"
