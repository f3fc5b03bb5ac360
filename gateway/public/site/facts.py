"""What the portal finds out about a request (gateway/http/facts.py)."""

from contracts.notify.announcements import Announcement, Contact
from gateway.http.facts import Fact

LANGUAGE = Fact[str]("language")
# The most urgent announcement of what the page needs, and the number of others; whom to telephone.
BANNER = Fact[tuple[Announcement, int] | None]("banner")
TELEPHONE = Fact[Contact | None]("telephone")
# Why the page is closed.
CLOSED = Fact[Announcement]("closed")
# The application of an Open311 key.
CIVIC_APP = Fact[str]("civic_app")
