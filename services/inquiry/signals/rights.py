"""What an agency that watches may ask now: checked at each deposit, comparison and signal."""

import datetime as dt
from collections.abc import Sequence

from bus.errors import Unavailable
from bus.settings import Settings
from contracts.inquiry.questions import ASK
from contracts.inquiry.signals import WATCH
from iran.persian import tehran_day
from members.documents import grants_of, grants_to_wire
from members.register import narrowed
from services.inquiry.askers import register_of
from services.inquiry.domain import purposes
from services.inquiry.domain.purposes import Grant, Purpose


def grants_now(settings: Settings, agency: str, deposited: Sequence[Grant]) -> list[Grant]:
    """The grants that let an agency both ask and watch, by the register of now.

    Without a register they are those of its deposit. Raises Unavailable while the register cannot
    be read.
    """
    try:
        register = register_of(settings)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The register of agencies cannot be read: {error}") from None
    if register is None:
        return list(deposited)
    entry = register.agency(agency)
    if entry is None and not register.agencies():
        raise Unavailable("No copy of the register of agencies has come yet.")
    if entry is None or entry.revoked:
        return []
    asks, watches = (grants_to_wire(grants_of(entry, name)) for name in (ASK.name, WATCH.name))
    both: list[Grant] = [
        Grant(**grant)  # type: ignore[typeddict-item]
        for grant in narrowed(asks, watches)
    ]
    return both


def lawful_purposes(grants: Sequence[Grant], now: dt.datetime) -> dict[str, Purpose]:
    """The purposes that are granted today in Iran, each with the blocks that the grant shows."""
    day = tehran_day(now)
    checked = {
        name: purposes.check(name, grants, None, day)
        for name in {grant["purpose"] for grant in grants}
    }
    return {name: purpose for name, purpose in checked.items() if isinstance(purpose, Purpose)}
