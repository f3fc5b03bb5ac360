"""The Persian words of the console: for states and ends, which programs read as codes, and on what
to do about refusals.
"""

import tomllib
from pathlib import Path

# What to do, by the code of a refusal; gateway/http/problems.toml has it in English.
WHAT_TO_DO_FA: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("what_to_do_fa.toml").read_text("utf-8")
)

STATES_FA = {
    "ENABLED": "فعال",
    "DISABLED": "غیرفعال",
    "WAITING": "در نوبت ارسال",
    "DONE": "انجام شد",
    "DEAD": "نرسید",
    "FOUND": "یافت شد",
    "NOT_FOUND": "یافت نشد",
    "READ": "بازخوانی",
    "ACCEPTED": "پذیرفته شد",
    "RUNNING": "در حال اجرا",
    "REFUSED": "رد شد",
    "FAILED": "انجام نشد",
    "CANCELLED": "لغو شد",
}
