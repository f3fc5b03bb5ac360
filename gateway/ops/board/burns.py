"""How much of what promises may miss is left, and how fast it goes, as rows of the board."""

from typing import NamedTuple

from contracts.notify.measures.burns import BurnAlert, Burns, PromiseBurn
from gateway.html.durations import span
from gateway.ops.board.figures import UNKNOWN

HUNDRED = 100


class BurnPair(NamedTuple):
    """Both windows of an alert, each as times of what is allowed, and whether it rings."""

    long: str
    short: str
    rings: bool


class BurnRow(NamedTuple):
    """A promise by one of its components, in minutes; ``kind`` is good, warn, bad or neutral."""

    promise: str
    name: str
    component: str
    left: int | None
    budget: int | None
    kind: str
    pairs: tuple[BurnPair, ...]

    @property
    def rings(self) -> bool:
        """Whether both windows of one of its alerts exceed."""
        return any(pair.rings for pair in self.pairs)


def heads(burns: Burns | None) -> list[str]:
    """Return the heads of the columns: the long and the short window of each alert."""
    first = burns.promises[0].alerts if burns and burns.promises else ()
    return [f"{span(alert.long)} / {span(alert.short)}" for alert in first]


def rows(burns: Burns | None) -> list[BurnRow]:
    """Return a row for each promise and component; none while notify does not answer."""
    return [_row(row) for row in burns.promises] if burns else []


def _row(row: PromiseBurn) -> BurnRow:
    pairs = tuple(_pair(row, alert) for alert in row.alerts)
    kind = "neutral" if row.budget_left is None else "bad" if row.budget_left < 0 else "good"
    shown = BurnRow(row.promise, row.fa, row.component_fa, row.budget_left, row.budget, kind, pairs)
    return shown._replace(kind="warn") if shown.rings and kind != "bad" else shown


def _pair(row: PromiseBurn, alert: BurnAlert) -> BurnPair:
    burn = {window.minutes: window.burn for window in row.windows}
    return BurnPair(_times(burn[alert.long]), _times(burn[alert.short]), alert.rings)


def _times(hundredths: int | None) -> str:
    """Return how many times as fast as allowed.

    >>> _times(1440), _times(100), _times(0)
    ('14.4', '1', '0')
    """
    if hundredths is None:
        return UNKNOWN
    return f"{hundredths / HUNDRED:.2f}".rstrip("0").rstrip(".")
