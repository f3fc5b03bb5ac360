"""The language that a request prefers by Accept-Language (RFC 9110, section 12.5.4)."""

from collections.abc import Collection

from starlette.requests import Request

from gateway.http.weights import weighed
from gateway.texts.files import DATA


def preferred(request: Request, default: str, languages: Collection[str] = DATA) -> str:
    """Return the preferred one of ``languages``; ``default`` if there is no preference."""
    liked = {default: 0.0}
    for name, weight in weighed(request, "accept-language"):
        language = name.partition("-")[0]
        if language in languages:
            liked[language] = max(weight, liked.get(language, 0.0))
    return max(liked, key=lambda language: liked[language])
