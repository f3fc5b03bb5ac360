"""The language that a request prefers by Accept-Language (RFC 9110, section 12.5.4)."""

from starlette.requests import Request

LANGUAGES = ("fa", "en")


def preferred(request: Request, default: str) -> str:
    """Return the preferred language; ``default`` if there is no preference."""
    liked = {default: 0.0}
    for part in ",".join(request.headers.getlist("accept-language")).lower().split(","):
        name, _, parameter = part.partition(";")
        language = name.strip().partition("-")[0]
        if language in LANGUAGES:
            liked[language] = max(_quality(parameter), liked.get(language, 0.0))
    return max(liked, key=lambda language: liked[language])


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
