"""Who runs this bus: the legal name that stands on pages, letters and documents."""

from bus.settings import Settings

NAMES = {
    "fa": "شرکت آب منطقه‌ای کهگیلویه و بویراحمد",
    "en": "Regional Water Company of Kohgiluyeh and Boyer-Ahmad",
}
# Of the same company, by the tag of a further language.
TRANSLATED = {"ar": "شركة المياه الإقليمية في كهكيلويه وبوير أحمد"}


def company(language: str) -> str:
    """The company's legal name in ``fa`` or ``en``, as COMPANY_FA and COMPANY_EN say it."""
    if language == "fa":
        return Settings().text("COMPANY_FA", NAMES["fa"])
    return Settings().text("COMPANY_EN", NAMES["en"])


def company_in(tag: str, data: str) -> str:
    """The company's name in any language; in its language of ``data``, fa or en, where it has no
    other, or where the settings name another company.
    """
    name = company(data)
    return TRANSLATED.get(tag, name) if name == NAMES[data] else name
