"""Forms of other sites may not act here in a visitor's name (cross-site request forgery)."""

from urllib.parse import urlsplit

from starlette.requests import Request

from gateway.problems import HttpError


def same_origin(request: Request) -> None:
    """HttpError ``http.cross_site`` if a browser says that the form stands on another site.

    A browser sends Origin with every POST, and Sec-Fetch-Site with every request (Fetch Metadata);
    who sends neither is no browser that somebody could misuse.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        other = site not in ("same-origin", "none")
    else:
        other = origin is not None and urlsplit(origin).netloc != request.url.netloc
    if other:
        raise HttpError(
            "http.cross_site", "This form was sent from another site; open our page and use that."
        )
