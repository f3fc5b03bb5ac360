"""The chores and entrypoints that hand messages over, follow them and account for them.

Each lane of a channel is a chore of its own: a slow provider or a long list holds up no other.
"""

import datetime as dt
import functools
from pathlib import Path
from typing import Any

from bus.endpoint import every, serve
from bus.errors import Unavailable
from bus.foreign.mail import Post as MailServer
from bus.process import log
from contracts.notify import messages as contracts
from members.rights import Members
from services.notify import books
from services.notify.providers import carriers, registry
from services.notify.providers.carriers import Carrier
from services.notify.providers.email import Mail
from services.notify.sending import accounting, outcomes, recovery
from services.notify.sending.dispatch import dispatch
from services.notify.sending.provider_calls import Post

_log = log.get("providers")
CREDIT_EVERY = dt.timedelta(hours=1)


@functools.lru_cache(maxsize=4)
def sms_carriers(path: str) -> tuple[Carrier, ...]:
    """The providers of SMS of a file of secrets; read once a process."""
    found = registry.adapters(Path(path).read_text(encoding="utf-8"))
    return tuple(carriers.by_sms(each.provider, each.weight) for each in found.values())


class DispatchEntrypoints:
    """Chores and entrypoints of providers, hand-overs and the account."""

    store: Any
    settings: Any
    office: Any
    members: Members

    def carriers(self) -> list[Carrier]:
        """Who carries our messages: the providers of SMS, and the organisation's mail server."""
        found = list(sms_carriers(self.settings.text("NOTIFY_PROVIDERS_FILE")))
        if smtp_url := self.settings.get("SMTP_URL"):
            with self.store.transaction() as tx:
                contact = books.newest(tx.conn).contact
            mail = Mail(MailServer(smtp_url), contact["email"], contact["fa"])
            found.append(carriers.by_mail(mail))
        return found

    def post(self) -> Post:
        found = {each.code: each for each in self.carriers()}
        return Post(self.store, self.office, found, self.members)

    # --- hand-overs ---

    @every(0.5)
    def send_otp(self):
        dispatch(self.post(), "sms", "otp")

    @every(0.5)
    def send_transactional(self):
        dispatch(self.post(), "sms", "transactional")

    @every(1)
    def send_bulk(self):
        dispatch(self.post(), "sms", "bulk")

    @every(0.5)
    def mail_otp(self):
        dispatch(self.post(), "email", "otp")

    @every(1)
    def mail_transactional(self):
        dispatch(self.post(), "email", "transactional")

    @every(1)
    def mail_bulk(self):
        dispatch(self.post(), "email", "bulk")

    @every(1)
    def clear_up(self):
        recovery.clear_up(self.post())

    @every(1)
    def poll_providers(self):
        outcomes.poll(self.post())

    @every(5)
    def time_out(self):
        outcomes.time_out(self.post())

    @serve(contracts.RECEIPT)
    def receipt(self, tx, *, provider, provider_ref):
        return {"known": outcomes.hint(self.office(tx), provider, provider_ref)}

    # --- providers and the account ---

    @every(2)
    def keep_providers(self):
        with self.store.transaction() as tx:
            carriers.keep(self.office(tx), self.carriers())

    @every(60)
    def ask_credit(self):
        post = self.post()
        with self.store.transaction() as tx:
            due = carriers.credits_due(self.office(tx), CREDIT_EVERY)
        for code in due:
            asks = post.carriers[code].asks if code in post.carriers else None
            if asks is not None:
                _ask_credit(post, code, asks)

    @every(3600)
    def add_up(self):
        with self.store.transaction() as tx:
            accounting.add_up(self.office(tx))

    @every(600)
    def purge(self):
        accounting.purge(self.store, self.office)

    @serve(contracts.ACCOUNTS)
    def accounts(self, tx):
        return accounting.accounts(self.office(tx))


def _ask_credit(post: Post, code: str, asks: Any) -> None:
    try:
        rials = asks.credit()
    except Unavailable as error:
        _log.warning("credit not told", provider=code, code=error.code)
        return
    with post.store.transaction() as tx:
        carriers.note_credit(post.office(tx), code, rials)
