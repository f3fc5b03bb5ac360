"""Which bills are debts of a water source: what is owed for its water by law, never the fee of a
person or an agency who asked for something.
"""

from collections.abc import Mapping
from typing import Any

# Requests of somebody: an answer, a visit, a copy. Who asked owes their fee, not the source.
REQUESTS = frozenset({"inquiry", "ticket", "batch", "day"})
FEE_LAWS = frozenset({"FDW-8", "CH2-2", "INQ-1397"})
# For bills that do not tell their law.
FEE_SERVICES = frozenset({"own_inquiry", "inquiry", "expert_visit", "copy"})


def is_debt_of_source(bill: Mapping[str, Any]) -> bool:
    """True for water tariffs, levies, fines and arrears of a source; ``bill`` is a BillFact.

    >>> is_debt_of_source({"file_no": "1/1", "of_register": False, "source_kind": "inquiry",
    ...                    "service": "own_inquiry"})
    False
    """
    if not bill["file_no"]:
        return False
    if bill["of_register"]:
        return True
    if bill["source_kind"] in REQUESTS:
        return False
    laws = bill.get("laws")
    return not FEE_LAWS.issuperset(laws) if laws else bill["service"] not in FEE_SERVICES
