"""What a requester likes, and how much: lists of Accept and its kin (RFC 9110, section 12.4.2)."""

from starlette.requests import Request


def weighed(request: Request, header: str) -> list[tuple[str, float]]:
    """Return what a header lists, in lower case, each with its weight from 0 to 1.

    The weight is 1 if none is given, and 0 if it cannot be read. The list is empty without the
    header.
    """
    listed = ",".join(request.headers.getlist(header)).lower()
    return [_weighed(part) for part in listed.split(",") if part.strip()]


def _weighed(part: str) -> tuple[str, float]:
    liked, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return liked, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return liked, 0.0
    return liked, 1.0
