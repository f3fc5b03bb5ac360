"""The components that each page needs, and the pages that stay open in a maintenance."""

from contracts.notify.announcements import COMPONENTS

# Of these a visitor's page may speak; the door for agencies is none of his.
VISITED = tuple(code for code in COMPONENTS if code != "agency-door")
# What tells how we stand, where banks and providers send people and receipts, and what ends a
# subscription or an alert.
OPEN = (
    "/status",
    "/news",
    "/promise",
    "/u/",
    "/unsubscribe/",
    "/alert/",
    "/static/",
    "/health/",
    "/problems/",
    "/.well-known/",
    "/pay/",
    "/callbacks/",
)
PARTS = {
    "/contact": "ticketing",
    "/lost": "ticketing",
    "/calendar": "ticketing",
    "/my": "inquiry",
    "/l/": "ticketing",
    "/statistics": "ticketing",
    "/reports": "ticketing",
    "/open311": "ticketing",
    "/v1/form": "ticketing",
    "/v1/statistics": "ticketing",
    "/v1/attachments": "ticketing",
    "/v1/tickets": "ticketing",
    "/bills": "billing",
    "/v1/bills": "billing",
    "/v1/quotes": "billing",
    "/inquiry": "inquiry",
    "/verify": "inquiry",
    "/v1/verify": "inquiry",
    "/laws": "inquiry",
    "/inbox": "notify",
    "/subscribe": "notify",
}


def components_of(path: str) -> tuple[str, ...]:
    """Return the components without which a path cannot be answered.

    >>> components_of("/contact/new"), components_of("/status/4"), components_of("/privacy")
    (('portal', 'ticketing'), (), ('portal',))
    """
    if any(path == part.rstrip("/") or path.startswith(part) for part in OPEN):
        return ()
    components = [component for part, component in PARTS.items() if path.startswith(part)]
    return ("portal", *components)


def parts_shown(path: str) -> tuple[str, ...]:
    """Return the components whose announcements a page shows; the first page shows all.

    >>> parts_shown("/privacy"), parts_shown("/contact"), parts_shown("/pay/return/1/k")
    (('portal',), ('portal', 'ticketing'), ('portal', 'billing'))
    """
    if path == "/":
        return VISITED
    if path.startswith("/pay"):
        return ("portal", "billing")
    return components_of(path) or ("portal",)
