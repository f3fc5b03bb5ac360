"""What ticketing answers about accounts, sessions and operators."""

import datetime as dt
from collections.abc import Callable

from bus.database.store import Store, Tx
from bus.endpoint import every, serve
from bus.settings import Settings
from contracts.ticketing import accounts as contracts
from services.ticketing.accounts import factors, own_account, sessions
from services.ticketing.accounts import sign_in as accounts
from services.ticketing.accounts import sign_in_limits as guessing


class AccountEntries:
    """The entrypoints; each asks in the name of the session that stands in the request."""

    now: Callable[[], dt.datetime]
    settings: Settings
    store: Store

    def account_context(self, tx: Tx) -> accounts.Context:
        return accounts.Context(
            tx.conn,
            self.now(),
            sessions.Limits.of(self.settings),
            factors.seal_of(self.settings.secret("TICKETING_KEY").reveal()),
        )

    @serve(contracts.START_SESSION)
    def start_session(self, tx, **request):
        return accounts.start(self.account_context(tx), request)

    @serve(contracts.START_LOGIN_SESSION)
    def start_login_session(self, tx, **request):
        return accounts.start_by_login(self.account_context(tx), request)

    @serve(contracts.SESSION)
    def session(self, tx, **request):
        context = self.account_context(tx)
        return accounts.signed_in(context, context.session(request))

    @serve(contracts.CONFIRM_SESSION)
    def confirm_session(self, tx, **request):
        return accounts.confirm(self.account_context(tx), request)

    @serve(contracts.END_SESSIONS)
    def end_sessions(self, tx, **request):
        return accounts.end(self.account_context(tx), request)

    @serve(contracts.END_LOGIN_SESSIONS)
    def end_login_sessions(self, tx, **request):
        return accounts.end_of_login(self.account_context(tx), request)

    @serve(contracts.OPERATOR)
    def operator(self, tx, **request):
        return accounts.operator(self.account_context(tx), request)

    @serve(contracts.ACCOUNT)
    def account(self, tx, **request):
        return own_account.account(self.account_context(tx), request)

    @serve(contracts.CHANGE_PASSWORD)
    def change_password(self, tx, **request):
        return own_account.change_password(self.account_context(tx), request)

    @serve(contracts.PASSKEY_OPTIONS)
    def passkey_options(self, tx, **request):
        return own_account.passkey_options(self.account_context(tx), request)

    @serve(contracts.ENROL_FACTOR)
    def enrol_factor(self, tx, **request):
        return own_account.enrol(self.account_context(tx), request)

    @serve(contracts.FINISH_FACTOR)
    def finish_factor(self, tx, **request):
        return own_account.finish(self.account_context(tx), request)

    @serve(contracts.REMOVE_FACTOR)
    def remove_factor(self, tx, **request):
        return own_account.remove_factor(self.account_context(tx), request)

    @serve(contracts.RESET_FACTORS)
    def reset_factors(self, tx, **request):
        return own_account.reset_factors(self.account_context(tx), request)

    @every(3600)
    def forget_sessions(self):
        with self.store.transaction() as tx:
            sessions.drop_old(tx.conn, self.now())
            guessing.drop_old(tx.conn, self.now())
