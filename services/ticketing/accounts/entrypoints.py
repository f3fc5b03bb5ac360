"""The entrypoints of accounts, sessions and operators."""

import datetime as dt
from collections.abc import Callable

from bus.database.own_keys import own_key
from bus.database.store import Store, Tx
from bus.endpoint import every, serve
from bus.errors import BusError
from bus.settings import Settings
from contracts.ticketing import accounts as contracts
from contracts.ticketing import dead_letters
from contracts.ticketing.colleagues import TELL_PROPOSER
from services.ticketing.accounts import (
    factors,
    own_account,
    replays,
    sessions,
    sign_in,
    sign_in_limits,
)
from services.ticketing.accounts.sign_in import AccountContext


class AccountEntries:
    """Each acts in the name of the session that stands in the message."""

    now: Callable[[], dt.datetime]
    settings: Settings
    store: Store

    def account_context(self, tx: Tx) -> AccountContext:
        """Build the context of an act on accounts in this transaction."""
        return AccountContext(
            tx.conn,
            self.now(),
            sessions.Limits.of(self.settings),
            factors.seal_of(own_key(tx.conn, self.settings, "TICKETING_KEY")),
        )

    @serve(contracts.START_SESSION)
    def start_session(
        self, tx: Tx, message: contracts.PasswordSignIn
    ) -> contracts.SignedIn | BusError:
        return sign_in.start(self.account_context(tx), message)

    @serve(contracts.START_LOGIN_SESSION)
    def start_login_session(
        self, tx: Tx, message: contracts.LoginSignIn
    ) -> contracts.SignedIn | BusError:
        return sign_in.start_by_login(self.account_context(tx), message)

    @serve(contracts.SESSION)
    def session(self, tx: Tx, message: contracts.OfRequest) -> contracts.SignedIn:
        context = self.account_context(tx)
        return sign_in.to_reply(context, context.session_of_request(message))

    @serve(contracts.CONFIRM_SESSION)
    def confirm_session(
        self, tx: Tx, message: contracts.Confirmation
    ) -> contracts.SignedIn | BusError:
        return sign_in.confirm(self.account_context(tx), message)

    @serve(contracts.END_SESSIONS)
    def end_sessions(self, tx: Tx, message: contracts.EndSessions) -> contracts.Ended:
        return sign_in.end(self.account_context(tx), message)

    @serve(contracts.END_LOGIN_SESSIONS)
    def end_login_sessions(self, tx: Tx, message: contracts.LoginEnded) -> contracts.Ended:
        return sign_in.end_of_login(self.account_context(tx), message)

    @serve(contracts.OPERATOR)
    def operator(self, tx: Tx, message: contracts.Operation) -> contracts.Operator | BusError:
        return sign_in.operator(self.account_context(tx), message)

    @serve(dead_letters.ASK_REPLAY)
    def ask_replay(self, tx: Tx, message: dead_letters.AskReplay) -> dead_letters.Replay | BusError:
        return replays.ask(self.account_context(tx), message)

    @serve(dead_letters.REPLAYS)
    def replays(self, tx: Tx, _: dead_letters.AskReplays) -> dead_letters.Replays:
        return replays.listed(self.account_context(tx))

    @serve(dead_letters.DECIDE_REPLAY)
    def decide_replay(
        self, tx: Tx, message: dead_letters.DecideReplay
    ) -> dead_letters.Replay | BusError:
        reply = replays.decide(self.account_context(tx), message)
        if isinstance(reply, dead_letters.Replay) and reply.decided_by is not None:
            tx.send(TELL_PROPOSER, replays.outcome(reply, reply.decided_by))
        return reply

    @serve(dead_letters.NOTE_FATES)
    def note_fates(self, tx: Tx, message: dead_letters.NoteFates) -> dead_letters.Replay | BusError:
        return replays.note_fates(self.account_context(tx), message)

    @serve(contracts.ACCOUNT)
    def account(self, tx: Tx, message: contracts.OfSession) -> contracts.Account:
        return own_account.account(self.account_context(tx), message)

    @serve(contracts.CHANGE_PASSWORD)
    def change_password(
        self, tx: Tx, message: contracts.ChangePassword
    ) -> contracts.Ended | BusError:
        return own_account.change_password(self.account_context(tx), message)

    @serve(contracts.PASSKEY_OPTIONS)
    def passkey_options(self, tx: Tx, message: contracts.Enrolment) -> contracts.Enrolling:
        return own_account.passkey_options(self.account_context(tx), message)

    @serve(contracts.ENROL_FACTOR)
    def enrol_factor(self, tx: Tx, message: contracts.Enrolment) -> contracts.Enrolling:
        return own_account.enrol(self.account_context(tx), message)

    @serve(contracts.FINISH_FACTOR)
    def finish_factor(
        self, tx: Tx, message: contracts.FinishEnrolment
    ) -> contracts.RecoveryCodes | BusError:
        return own_account.finish(self.account_context(tx), message)

    @serve(contracts.REMOVE_FACTOR)
    def remove_factor(self, tx: Tx, message: contracts.RemoveFactor) -> contracts.Ended:
        return own_account.remove_factor(self.account_context(tx), message)

    @serve(contracts.RESET_FACTORS)
    def reset_factors(self, tx: Tx, message: contracts.ResetFactors) -> contracts.Ended:
        return own_account.reset_factors(self.account_context(tx), message)

    @every(3600)
    def forget_sessions(self) -> None:
        with self.store.transaction() as tx:
            sessions.drop_old(tx.conn, self.now())
            sign_in_limits.drop_old(tx.conn, self.now())
