"""The roles of editors, who approve, announce and look into messages."""

from sqlalchemy import Connection

from bus.envelope import Envelope
from bus.errors import Forbidden
from contracts.notify.desk import ROLES
from people.officers import Officers, Refusal

_EDITORS = Officers(
    table="editors",
    roles=ROLES,
    title="Editors of notices.",
    stranger=Refusal(
        code="notices.not_an_editor",
        sentence="You are no editor of notices; whoever runs Mirab can make you one.",
    ),
    no_approver=Refusal(
        code="notices.not_an_approver", sentence="This needs an approver of notices; ask one."
    ),
    same_person=Refusal(
        code="notices.same_person",
        sentence="You wrote this yourself; a second editor has to decide.",
    ),
)

caller, approver = _EDITORS.caller, _EDITORS.approver
may_approve, second, put = _EDITORS.may_approve, _EDITORS.second, _EDITORS.put
main = _EDITORS.main


def is_editor(conn: Connection, envelope: Envelope | None) -> bool:
    """Tell whether an editor asks."""
    try:
        caller(conn, envelope)
    except Forbidden:
        return False
    return True


def editor(conn: Connection, envelope: Envelope | None) -> str:
    """The name of an editor of any role. Forbidden ``notices.not_an_editor``."""
    return caller(conn, envelope)[0]
