"""Officers of the treasury and their roles: `python -m services.billing.officers`."""

import sys

from bus.process.private import own_files_only
from contracts.billing.treasury import ROLES
from people.officers import Officers, Refusal

_OFFICERS = Officers(
    table="officers",
    roles=ROLES,
    title="Officers of the treasury.",
    stranger=Refusal(
        code="treasury.not_an_officer",
        sentence="You are no officer of the treasury; ask its head to add you.",
    ),
    no_approver=Refusal(
        code="treasury.not_an_approver",
        sentence="This action needs an approver. Ask a treasury approver.",
    ),
    same_person=Refusal(
        code="treasury.same_person",
        sentence="You began this action yourself. Another officer has to decide.",
    ),
)

caller, approver = _OFFICERS.caller, _OFFICERS.approver
second, put = _OFFICERS.second, _OFFICERS.put

if __name__ == "__main__":
    own_files_only()
    sys.exit(_OFFICERS.main("python -m services.billing.officers"))
