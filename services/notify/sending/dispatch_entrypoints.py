"""The chores and entrypoints that hand messages over, follow them and account for them.

Each lane of a channel is a chore of its own: a slow provider or a long list holds up no other.
"""

import datetime as dt
import functools
from collections.abc import Mapping
from pathlib import Path

from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.errors import Unavailable
from bus.foreign import return_path
from bus.foreign.mail import Post as MailServer
from bus.process import log
from contracts.notify import messages as contracts
from contracts.notify import receipts
from services.notify import books
from services.notify.context import Entrypoints
from services.notify.providers import channels, registry, states
from services.notify.providers.channels import ChannelProvider
from services.notify.providers.email import EmailProvider
from services.notify.providers.registry import ConfiguredProvider
from services.notify.providers.sms import SmsInbox, SmsProvider
from services.notify.sending import accounting, email_reports, outcomes, recovery
from services.notify.sending.dispatch import dispatch
from services.notify.sending.provider_calls import Dispatcher

_log = log.get("providers")
CREDIT_EVERY = dt.timedelta(hours=1)


@functools.lru_cache(maxsize=4)
def sms_providers(path: str) -> tuple[ChannelProvider, ...]:
    """The providers of SMS of a file of secrets; read once a process."""
    return tuple(
        channels.for_sms(entry.provider, entry.weight) for entry in _configured(path).values()
    )


def sms_inboxes(path: str) -> list[SmsInbox]:
    """Those of them that are asked for texts which came in."""
    providers = [entry.provider for entry in _configured(path).values()]
    return [inbox for inbox in providers if isinstance(inbox, SmsInbox) and inbox.polls]


@functools.lru_cache(maxsize=4)
def _returns(address: str) -> str | None:
    """The address of returned e-mails, as it is set. One that is unusable is logged once a process:
    e-mails go out without it rather than not at all.
    """
    try:
        return return_path.checked(address) or None
    except ValueError:
        _log.warning("return_address_unusable")
        return None


@functools.lru_cache(maxsize=4)
def _configured(path: str) -> Mapping[str, ConfiguredProvider]:
    return registry.configured_providers(Path(path).read_text(encoding="utf-8"))


class DispatchEntrypoints(Entrypoints):
    """Chores and entrypoints of providers, hand-overs and the account."""

    def channel_providers(self) -> list[ChannelProvider]:
        """The configured providers: those of SMS, and the organisation's mail server."""
        configured = list(sms_providers(self.settings.text("NOTIFY_PROVIDERS_FILE")))
        if smtp_url := self.settings.get("SMTP_URL"):
            with self.store.transaction() as tx:
                contact = books.newest(tx.conn).contact
            email = EmailProvider(
                MailServer(smtp_url),
                contact.email,
                contact.fa,
                returns=_returns(self.settings.text("NOTIFY_RETURN_ADDRESS", "")),
                token=functools.partial(email_reports.token, self.keys),
            )
            configured.append(channels.for_email(email))
        return configured

    def dispatcher(self) -> Dispatcher:
        """What a hand-over needs outside of a transaction."""
        by_code = {provider.code: provider for provider in self.channel_providers()}
        return Dispatcher(self.store, self.context, by_code, self.members)

    # --- hand-overs ---

    @every(0.5)
    def send_otp(self) -> None:
        dispatch(self.dispatcher(), "sms", "otp")

    @every(0.5)
    def send_transactional(self) -> None:
        dispatch(self.dispatcher(), "sms", "transactional")

    @every(1)
    def send_bulk(self) -> None:
        dispatch(self.dispatcher(), "sms", "bulk")

    @every(0.5)
    def mail_otp(self) -> None:
        dispatch(self.dispatcher(), "email", "otp")

    @every(1)
    def mail_transactional(self) -> None:
        dispatch(self.dispatcher(), "email", "transactional")

    @every(1)
    def mail_bulk(self) -> None:
        dispatch(self.dispatcher(), "email", "bulk")

    @every(1)
    def clear_up(self) -> None:
        recovery.recover(self.dispatcher())

    @every(1)
    def poll_providers(self) -> None:
        outcomes.poll(self.dispatcher())

    @every(5)
    def time_out(self) -> None:
        outcomes.time_out(self.dispatcher())

    @serve(receipts.RECEIPT)
    def receipt(self, tx: Tx, message: receipts.Receipt) -> receipts.ReceiptReply:
        is_known = outcomes.hint(self.context(tx), message.provider, message.provider_ref)
        return receipts.ReceiptReply(known=is_known)

    # --- providers and the account ---

    @every(2)
    def keep_providers(self) -> None:
        providers = self.channel_providers()
        with self.store.transaction() as tx:
            states.keep(self.context(tx), providers)

    @every(60)
    def ask_credit(self) -> None:
        dispatcher = self.dispatcher()
        with self.store.transaction() as tx:
            due = states.credits_due(self.context(tx), CREDIT_EVERY)
        for code in due:
            provider = dispatcher.providers.get(code)
            if provider is not None and provider.reports is not None:
                _ask_credit(dispatcher, code, provider.reports)

    @every(3600)
    def add_up(self) -> None:
        with self.store.transaction() as tx:
            accounting.add_up(self.context(tx))

    @every(600)
    def purge(self) -> None:
        accounting.purge(self.store, self.context)

    @serve(contracts.ACCOUNTS)
    def accounts(self, tx: Tx, message: contracts.Nothing) -> contracts.Accounts:
        return accounting.accounts(self.context(tx))


def _ask_credit(dispatcher: Dispatcher, code: str, provider: SmsProvider) -> None:
    try:
        rials = provider.credit()
    except Unavailable as error:
        _log.warning("credit_unanswered", provider=code, code=error.code)
        return
    with dispatcher.store.transaction() as tx:
        states.note_credit(dispatcher.context_of(tx), code, rials)
