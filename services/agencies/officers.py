"""Officers of the register and their roles; `python -m services.agencies.officers`."""

import sys

from bus.process.private import own_files_only
from contracts.agencies.desk import ROLES
from people.officers import Officers, Refusal

_OFFICERS = Officers(
    table="officers",
    roles=ROLES,
    title="Officers of the register of agencies.",
    stranger=Refusal(
        code="register.not_an_officer",
        sentence="You are no officer of the register; whoever runs Mirab can make you one.",
    ),
    no_approver=Refusal(
        code="register.not_an_approver",
        sentence="This needs an approver; ask one of the register's.",
    ),
    same_person=Refusal(
        code="register.same_person",
        sentence="You proposed this yourself; a second officer has to decide.",
    ),
)

caller, approver = _OFFICERS.caller, _OFFICERS.approver
of_name, may_approve = _OFFICERS.of_name, _OFFICERS.may_approve
second, put = _OFFICERS.second, _OFFICERS.put

if __name__ == "__main__":
    own_files_only()
    sys.exit(_OFFICERS.main("python -m services.agencies.officers"))
