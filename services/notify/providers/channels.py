"""Providers by the channel that they serve: SMS providers and the mail server behind one face."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.errors import Unavailable
from contracts.notify.receiver import Receiver
from iran.identifiers import as_dialled
from members.rights import Sender
from services.notify.domain.content import Content
from services.notify.providers.email import Email, EmailProvider
from services.notify.providers.sms import HandoverResult, ProviderRefused, Sms, SmsProvider

SURELY_NOT_TAKEN = "mail.unavailable"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message on its way to a provider; ``ref`` is our number of the hand-over, ``right`` the
    contract for which its sender needs a grant.
    """

    ref: int
    message: str
    receiver: Receiver
    content: Content
    news: bool
    language: str
    sender: Sender
    right: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelProvider:
    """A provider of one channel. ``send`` answers as that of `SmsProvider` does; ``reports`` is
    asked what became of messages, None where there is nobody to ask.
    """

    code: str
    channel: str
    weight: int
    most: int
    send: Callable[[Sequence[OutgoingMessage]], list[HandoverResult]]
    reports: SmsProvider | None = None

    @property
    def finds(self) -> bool:
        """Whether it can be asked, by our numbers, what it has."""
        return self.reports is not None and self.reports.finds


def for_sms(provider: SmsProvider, weight: int) -> ChannelProvider:
    """Return a provider of SMS as the provider of its channel."""

    def send(messages: Sequence[OutgoingMessage]) -> list[HandoverResult]:
        return provider.send([_sms(message) for message in messages])

    return ChannelProvider(provider.code, "sms", weight, provider.most, send, provider)


def for_email(provider: EmailProvider) -> ChannelProvider:
    """Return the mail server as the provider of e-mail: one e-mail a call, and no reports."""

    def send(messages: Sequence[OutgoingMessage]) -> list[HandoverResult]:
        (message,) = messages
        content = message.content
        email = Email(
            message.ref,
            message.receiver.email or "",
            content["subject"],
            content["body"],
            message.language,
            content.get("unsubscribe"),
            content.get("html"),
            content.get("sender"),
        )
        try:
            return [provider.send(email)]
        except Unavailable as error:
            if error.code != SURELY_NOT_TAKEN:
                raise
            raise ProviderRefused(error.message, provider_code=error.code) from error

    return ChannelProvider("smtp", "email", 1, 1, send)


def _sms(message: OutgoingMessage) -> Sms:
    to = as_dialled(message.receiver.mobile or "")
    line = message.content.get("sender")
    return Sms(message.ref, to, message.content["body"], message.news, line)
