"""The line below an e-mail by which its receiver ends what it belongs to, as markup."""

PATH = "/unsubscribe/"
# As long as an address of a message; for what is only looked at or checked.
SAMPLE = f"https://mirab.example{PATH}{'0' * 32}"
_LINES = {
    "fa": "اگر دیگر این پیام‌ها را نمی‌خواهید، [اشتراک خود را لغو کنید]({address})",
    "en": "If you want no more of these messages, [unsubscribe]({address})",
}


def path(name: str) -> str:
    """The path of a link on the portal."""
    return f"{PATH}{name}"


def with_line(body: str, language: str, address: str) -> str:
    """A template's body with the line below it, apart from the text by a rule."""
    page = address if language == "fa" else f"{address}?lang={language}"
    return f"{body}\n\n---\n\n{_LINES[language].format(address=page)}"
