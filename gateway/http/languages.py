"""The language that a request prefers by Accept-Language (RFC 9110, section 12.5.4)."""

from starlette.requests import Request

from gateway.http.weights import weighed

LANGUAGES = ("fa", "en")


def preferred(request: Request, default: str) -> str:
    """Return the preferred language; ``default`` if there is no preference."""
    liked = {default: 0.0}
    for name, weight in weighed(request, "accept-language"):
        language = name.partition("-")[0]
        if language in LANGUAGES:
            liked[language] = max(weight, liked.get(language, 0.0))
    return max(liked, key=lambda language: liked[language])
