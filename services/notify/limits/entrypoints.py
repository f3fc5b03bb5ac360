"""The entrypoints of rules of senders, and the chore that tells senders of their limits."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.envelope import instant
from contracts.notify.messages import CHANNELS
from contracts.notify.usage import limits as contracts
from iran.persian import tehran_day
from services.notify.context import Context, Entrypoints
from services.notify.domain import limit
from services.notify.editors import roles
from services.notify.limits import counts, rules, words
from services.notify.limits.counts import Limit


class LimitEntrypoints(Entrypoints):
    """Limits and days of keeping: a sender reads its own, editors propose and approve them."""

    @serve(contracts.OWN_LIMITS)
    def own_limits(self, tx: Tx, message: contracts.ReadOwnLimits) -> contracts.OwnLimits:
        context = self.context(tx)
        day, owner = tehran_day(context.now), context.owner
        kept = rules.kept_days(context.conn, day, context.book.retention.days, owner)
        return contracts.OwnLimits(
            limits=tuple(map(_use, counts.limits_of(context.conn, day, owner))),
            kept=tuple(
                contracts.KeptDays(channel=channel, days=kept(owner, channel))
                for channel in CHANNELS
            ),
        )

    @serve(contracts.SENDER_RULES)
    def sender_rules(self, tx: Tx, message: contracts.ListSenderRules) -> contracts.SenderRules:
        roles.editor(tx.conn, tx.envelope)
        return _rules(self.context(tx), message.owner)

    @serve(contracts.PROPOSE_SENDER_RULE)
    def propose_sender_rule(
        self, tx: Tx, message: contracts.ProposeSenderRule
    ) -> contracts.SenderRules:
        editor, context = roles.editor(tx.conn, tx.envelope), self.context(tx)
        rules.propose(context, editor, message)
        return _rules(context, message.owner)

    @serve(contracts.APPROVE_SENDER_RULE)
    def approve_sender_rule(
        self, tx: Tx, message: contracts.OneSenderRule
    ) -> contracts.SenderRules:
        approver, context = roles.approver(tx.conn, tx.envelope), self.context(tx)
        rules.approve(context, approver, message.id)
        return _rules(context, None)

    @serve(contracts.WITHDRAW_SENDER_RULE)
    def withdraw_sender_rule(
        self, tx: Tx, message: contracts.WithdrawSenderRule
    ) -> contracts.SenderRules:
        editor, context = roles.editor(tx.conn, tx.envelope), self.context(tx)
        rules.withdraw(context, editor, message)
        return _rules(context, None)

    @every(60)
    def tell_of_limits(self) -> None:
        with self.store.transaction() as tx:
            words.give(self.context(tx))


def _rules(context: Context, owner: str | None) -> contracts.SenderRules:
    day = tehran_day(context.now)
    return contracts.SenderRules(
        rules=rules.rule_replies(rules.list_all(context.conn, owner)),
        limits=tuple(map(_use, counts.limits_of(context.conn, day, owner))),
    )


def _use(item: Limit) -> contracts.LimitUse:
    rule = item.rule
    return contracts.LimitUse(
        owner=rule.owner,
        channel=rule.channel,
        rule=rule.rule,
        most=rule.value,
        used=item.used,
        level=limit.level(item.used, rule.value),
        begins=item.period.begins.isoformat(),
        ends_at=instant(item.period.ends_at),
    )
