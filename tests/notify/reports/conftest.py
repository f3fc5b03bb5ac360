"""Notify and ticketing in hand, with mail servers at both ends."""

import pytest

from services.notify.editors import roles
from tests.notify.reports.post import Post
from tests.ticketing.conftest import Hand as TicketingHand


@pytest.fixture
def desk(ticketing_db, tmp_path):
    made = TicketingHand(ticketing_db, tmp_path / "blobs")
    yield made
    made.store.engine.dispose()


@pytest.fixture
def post(hand, desk):
    made = Post(hand, desk)
    hand.template(code="letter", channel="email")
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
    yield made
    made.close()
