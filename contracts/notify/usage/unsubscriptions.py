"""Our unsubscribe link in e-mails of senders, and who used it.

Its owner is the team of services/notify.
"""

from typing import Annotated

from bus.messages.fields import Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Code, Instant, Uuid
from contracts.notify.announcements import ours
from contracts.notify.messages import REFERENCE_MOST
from contracts.notify.receiver import NUMBER_MOST

ROWS_MOST = 1000


@message
class NewsLink:
    """The key of the link that stands in an e-mail."""

    token: Annotated[str, Text(80, personal=True)]


@message
class NewsOfSender:
    """What a link ends: a sender's news by one template. The sender's names are empty where the
    register has none.
    """

    owner: Annotated[str, Text(64)]
    owner_fa: Annotated[str, Text(200, least=0)]
    owner_en: Annotated[str, Text(200, least=0)]
    name: Annotated[str, Text(100), "The template's name"]
    ended: bool


@message
class Unsubscription:
    """A receiver has ended news of a template by the link in that message. The address is not
    given: its sender finds it by the message's ID or reference.
    """

    owner: Annotated[str, Text(64)]
    template: Code
    message: Uuid
    reference: Annotated[str | None, Text(REFERENCE_MOST)]
    at: Instant
    undone_at: Annotated[Instant | None, "When the receiver took it back"]


@message
class ListUnsubscriptions:
    """Newest first; ``before`` is the ``next`` of the page before."""

    template: Annotated[str | None, Text(64), "The template's code"] = None
    before: Annotated[int | None, whole(1, NUMBER_MOST)] = None
    limit: Annotated[int, whole(1, ROWS_MOST)] = 250


@message
class ListAllUnsubscriptions(ListUnsubscriptions):
    owner: Annotated[str | None, Text(64), "The agency's code; default: all"] = None


@message
class Unsubscriptions:
    unsubscriptions: tuple[Unsubscription, ...]
    next: int | None


NEWS_OF_SENDER = ours(
    "news_of_sender", NewsLink, "What a link in an e-mail ends.", NewsOfSender, effect=False
)
END_NEWS_OF_SENDER = ours(
    "end_news_of_sender", NewsLink, "Ends a sender's news for a receiver.", NewsOfSender
)
RESUME_NEWS_OF_SENDER = ours(
    "resume_news_of_sender", NewsLink, "Takes the end of a sender's news back.", NewsOfSender
)
OWN_UNSUBSCRIPTIONS = Request(
    "notify.own_unsubscriptions.v1",
    ListUnsubscriptions,
    "Lists by which of your messages receivers unsubscribed, newest first.",
    reply=Unsubscriptions,
    effect=False,
    everyone=True,
)
UNSUBSCRIPTIONS = Request(
    "notify.unsubscriptions.v1",
    ListAllUnsubscriptions,
    "Lists by which messages receivers unsubscribed, of one sender or of all.",
    reply=Unsubscriptions,
    effect=False,
    agency=False,
)
