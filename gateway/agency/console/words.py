"""The Persian words of the console for states and ends, which programs read as codes."""

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
