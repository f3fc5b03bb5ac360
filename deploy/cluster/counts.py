"""What became of all that was accepted: nothing may be lost, nothing done twice."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from bus.amqp.dead_letters import DeadLetters
from bus.database.hosts import connect
from bus.errors import BusError
from deploy.cluster.installation import Installation
from deploy.cluster.load import Stream
from deploy.local.parts import SERVICES

SETTLE_SECONDS = 240.0
# Where each kind is kept: the database, what is there, and how many were done twice.
KEPT = {
    "questions": (
        "inquiry",
        "select tracking_code from inquiry_log where tracking_code is not null",
        """select count(*) from (select from inquiry_log where agency = 'fuel-co'
           group by message_id having count(*) > 1) twice""",
    ),
    "tickets": (
        "ticketing",
        "select code from tickets",
        """select count(*) from (select from tickets where text like 'cluster-%'
           group by text having count(*) > 1) twice""",
    ),
    "letters": (
        "ticketing",
        "select '<' || trim(both '<>' from message_id) || '>' from letters",
        """select count(*) from (select from letters
           group by message_id having count(*) > 1) twice""",
    ),
}
UNFILED = "select count(*) from letters where state not in ('TICKET', 'MESSAGE', 'NOTE', 'FLOOD')"
WAITING = "select count(*) from outbox where sent_at is null or awaits <> '{}'"


class Count(NamedTuple):
    """Of one kind: accepted by the faces, lost, done twice, given up by who sent it."""

    kind: str
    accepted: int
    lost: int
    doubled: int
    given_up: int
    repeated: int


class Rest(NamedTuple):
    """What is left when all has settled."""

    unfiled_letters: int
    waiting_messages: int
    dead_letters: int


def counts(cluster: Installation, kinds: Sequence[Stream]) -> list[Count]:
    """Compares what was accepted with what is there."""
    made = []
    for stream in kinds:
        database, rows, doubled = KEPT[stream.name]
        there = {row[0] for row in _rows(cluster, database, rows)}
        lost = {accepted.reference for accepted in stream.accepted} - there
        made.append(
            Count(
                stream.name,
                len(stream.accepted),
                len(lost),
                _number(cluster, database, doubled),
                len(stream.given_up),
                sum(accepted.attempts > 1 for accepted in stream.accepted),
            )
        )
    return made


def settled(cluster: Installation) -> Rest:
    """What is left when nothing moves any more, or after SETTLE_SECONDS."""
    end = time.monotonic() + SETTLE_SECONDS
    while (rest := _rest(cluster)) != Rest(0, 0, 0) and time.monotonic() < end:
        time.sleep(2)
    return rest


def states_of_letters(cluster: Installation) -> dict[str, int]:
    """How many letters are in which state."""
    rows = _rows(cluster, "ticketing", "select state, count(*) from letters group by 1")
    return {str(state): int(str(count)) for state, count in rows}


def _rest(cluster: Installation) -> Rest:
    waiting = sum(_number(cluster, service, WAITING) for service in SERVICES)
    dead = 0
    with DeadLetters(cluster.broker.url) as letters:
        for service in SERVICES:
            try:
                dead += letters.count(service)
            except BusError:
                continue
    return Rest(_number(cluster, "ticketing", UNFILED), waiting, dead)


def _number(cluster: Installation, database: str, statement: str) -> int:
    return int(str(_rows(cluster, database, statement)[0][0]))


def _rows(cluster: Installation, database: str, statement: str) -> list[tuple[object, ...]]:
    connection = connect(cluster.database.url(database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows: list[tuple[object, ...]] = cursor.fetchall()
            return rows
    finally:
        connection.close()
