"""The log of receipts in hand: entrypoints on a real database, heads in a folder of its own."""

import pytest

from tests.agencies.receipts.logs import ORIGIN, LogHand


@pytest.fixture
def log(agencies_db, key_file, tmp_path):
    """An empty log."""
    hand = LogHand(
        agencies_db,
        key_file,
        RECEIPTS_ORIGIN=ORIGIN,
        RECEIPTS_KEY_FILE=str(key_file),
        MARKS_DIR=str(tmp_path / "marks"),
    )
    yield hand
    hand.store.engine.dispose()
