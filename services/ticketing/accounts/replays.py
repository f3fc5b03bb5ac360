"""Replays of dead letters: one operator asks, another confirms, and both names are kept.

The letters themselves lie with the broker; the ops face does what was confirmed, and says here
what became of each.
"""

from sqlalchemy import Row, desc, insert, select, update

from bus.envelope import instant
from bus.errors import BusError, Forbidden, NotFound, RuleBroken
from contracts.ticketing.accounts import Operation
from contracts.ticketing.colleagues import TellProposer
from contracts.ticketing.dead_letters import AskReplay, DecideReplay, NoteFates, Replay, Replays
from services.ticketing.accounts import sessions, sign_in
from services.ticketing.accounts.sign_in import AccountContext
from services.ticketing.tables import REPLAYS

SHOWN = 50
STATE_OF = {"confirm": "CONFIRMED", "refuse": "REFUSED", "withdraw": "WITHDRAWN"}


def ask(context: AccountContext, message: AskReplay) -> Replay | BusError:
    """Keep what an operator asks for. Forbidden ``ops.observer`` for a reader."""
    operator = sign_in.operator(
        context,
        Operation(
            session=message.session,
            token=message.token,
            act=f"dead_letters.{message.act}",
            subject=f"{message.service}: {len(message.letters)} letters",
        ),
    )
    if isinstance(operator, BusError):
        return operator
    row = context.conn.execute(
        insert(REPLAYS)
        .values(
            act=message.act,
            service=message.service,
            letters=list(dict.fromkeys(message.letters)),
            reason=message.reason,
            asked_by=operator.name,
            asked_at=context.now,
        )
        .returning(REPLAYS)
    ).one()
    return _shown(row)


def listed(context: AccountContext) -> Replays:
    """Return the newest, those that wait for somebody first."""
    rows = context.conn.execute(
        select(REPLAYS).order_by(desc(REPLAYS.c.state == "ASKED"), desc(REPLAYS.c.id)).limit(SHOWN)
    )
    return Replays(replays=tuple(map(_shown, rows)))


def decide(context: AccountContext, message: DecideReplay) -> Replay | BusError:
    """Confirm or refuse what another operator asks, or withdraw what one has asked oneself.

    Forbidden ``ops.same_person`` for the wrong one of the two; RuleBroken ``replay.decided``.
    """
    operator = sign_in.operator(context, Operation(session=message.session))
    if isinstance(operator, BusError):
        return operator
    row = context.conn.execute(
        select(REPLAYS).where(REPLAYS.c.id == message.id).with_for_update()
    ).one_or_none()
    if row is None:
        return NotFound("Nobody has asked for this.", code="replay.not_found")
    if row.state != "ASKED":
        return RuleBroken("This was decided already.", code="replay.decided")
    if (operator.name == row.asked_by) != (message.decision == "withdraw"):
        return Forbidden(
            "Whoever asked may withdraw it; another operator confirms or refuses.",
            code="ops.same_person",
        )
    act = f"dead_letters.{message.decision}"
    noted = Operation(session=message.session, act=act, subject=f"{row.act} {row.id}")
    refused = sign_in.operator(context, noted)
    if isinstance(refused, BusError):
        return refused
    return _updated(
        context,
        message.id,
        state=STATE_OF[message.decision],
        decided_by=operator.name,
        decided_at=context.now,
        decision=message.why or "",
    )


def outcome(replay: Replay, decider: str) -> TellProposer:
    """Return what whoever asked is told."""
    return TellProposer(
        proposer=replay.asked_by,
        decider=decider,
        matter="replay",
        number=str(replay.id),
        accepted=replay.state == "CONFIRMED",
        why=replay.decision,
    )


def note_fates(context: AccountContext, message: NoteFates) -> Replay | BusError:
    """Keep what became of the letters. RuleBroken ``replay.decided`` if nobody confirmed it."""
    row = context.conn.execute(
        select(REPLAYS.c.state, REPLAYS.c.decided_by, REPLAYS.c.act)
        .where(REPLAYS.c.id == message.id)
        .with_for_update()
    ).one_or_none()
    if row is None or row.state != "CONFIRMED":
        return RuleBroken("Nobody has confirmed this, or it is done.", code="replay.decided")
    sessions.note(
        context.conn,
        row.decided_by,
        f"dead_letters.{row.act}.done",
        str(message.id),
        dict(message.fates),
    )
    return _updated(context, message.id, state="DONE", fates=dict(message.fates))


def _updated(context: AccountContext, id_: int, **values: object) -> Replay:
    statement = update(REPLAYS).where(REPLAYS.c.id == id_).values(**values).returning(REPLAYS)
    return _shown(context.conn.execute(statement).one())


def _shown(row: Row[tuple[object, ...]]) -> Replay:
    return Replay(
        id=row.id,
        act=row.act,
        service=row.service,
        letters=tuple(row.letters),
        reason=row.reason,
        state=row.state,
        asked_by=row.asked_by,
        asked_at=instant(row.asked_at),
        decided_by=row.decided_by,
        decided_at=instant(row.decided_at),
        fates=row.fates,
        decision=row.decision or None,
    )
