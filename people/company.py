"""Who runs this bus: the legal name that stands on pages, letters and documents."""

from bus.settings import Settings

NAMES = {
    "fa": "شرکت آب منطقه‌ای کهگیلویه و بویراحمد",
    "en": "Regional Water Company of Kohgiluyeh and Boyer-Ahmad",
}


def company(language: str) -> str:
    """The company's legal name in ``fa`` or ``en``, as COMPANY_FA and COMPANY_EN say it."""
    if language == "fa":
        return Settings().text("COMPANY_FA", NAMES["fa"])
    return Settings().text("COMPANY_EN", NAMES["en"])
