"""The bills that are debts of a water source: what the law makes it owe for its water.

The fee of a person or an agency who asked for something is none.
"""

from collections.abc import Sequence
from typing import Protocol

# Requests of somebody: an answer, a visit, a copy. Who asked owes their fee, not the source.
REQUESTS = frozenset({"inquiry", "ticket", "batch", "day"})
FEE_LAWS = frozenset({"FDW-8", "CH2-2", "INQ-1397"})
# For bills that do not name their law.
FEE_SERVICES = frozenset({"own_inquiry", "inquiry", "expert_visit", "copy"})


class Bill(Protocol):
    """What billing's events say of a bill, as far as it decides whose debt it is."""

    @property
    def file_no(self) -> str | None: ...
    @property
    def of_register(self) -> bool: ...
    @property
    def source_kind(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def laws(self) -> Sequence[str] | None: ...


def is_debt_of_source(bill: Bill) -> bool:
    """Tell whether a bill is a water tariff, levy, fine or arrears of a source.

    >>> from types import SimpleNamespace
    >>> is_debt_of_source(SimpleNamespace(file_no="1/1", of_register=False, source_kind="inquiry",
    ...                                   service="own_inquiry", laws=None))
    False
    """
    if not bill.file_no:
        return False
    if bill.of_register:
        return True
    if bill.source_kind in REQUESTS:
        return False
    return not FEE_LAWS.issuperset(bill.laws) if bill.laws else bill.service not in FEE_SERVICES
