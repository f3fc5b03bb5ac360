"""The entrypoints of the register of agencies, for the service to have."""

from datetime import datetime
from typing import Any

from bus.database.store import Store, Tx
from bus.endpoint import every, serve
from bus.settings import Settings
from contracts.agencies import desk
from contracts.agencies import register as contracts
from services.agencies import officers
from services.agencies.callers import agency_of
from services.agencies.register import contacts, sandbox, views
from services.agencies.register import key_rotation as rotating
from services.agencies.register import proposals as changes
from services.agencies.register import revocations as revoking
from services.agencies.register import versions as register
from services.agencies.register.versions import Office

OURSELVES = "mirab"


class RegisterEntries:
    """``service.Agencies`` gives it its store, its settings and its clock."""

    store: Store
    settings: Settings
    now: Any

    def office(self, tx: Tx, who: str) -> Office:
        key = register.signing_key(self.settings.text("REGISTER_KEY_FILE"))
        moment: datetime = self.now()
        return Office(tx, moment, who, key)

    def officer(self, tx: Tx) -> Office:
        """For what any officer may do."""
        return self.office(tx, officers.caller(tx.conn, tx.message)[0])

    def approver(self, tx: Tx) -> Office:
        """For what only approvers may do."""
        return self.office(tx, officers.approver(tx.conn, tx.message))

    # --- officers ---

    @serve(desk.WHO_AM_I)
    def who_am_i(self, tx):
        username, role = officers.caller(tx.conn, tx.message)
        return {"username": username, "role": role}

    @serve(desk.LIST)
    def list_agencies(self, tx):
        return views.listed(self.officer(tx).conn)

    @serve(desk.AGENCY_NAMES)
    def agency_names(self, tx):
        return {"names": views.names(tx.conn)}

    @serve(desk.READ)
    def read_agency(self, tx, *, code):
        return views.read(self.officer(tx).conn, code)

    @serve(desk.AUDIT)
    def audit(self, tx, **asked):
        return views.audit(self.officer(tx).conn, asked)

    @serve(desk.PROPOSE)
    def propose(self, tx, **asked):
        return views.change_told(tx.conn, changes.propose(self.officer(tx), asked))

    @serve(desk.READ_CHANGE)
    def read_change(self, tx, *, id):
        return views.change_told(tx.conn, changes.change(self.officer(tx).conn, id))

    @serve(desk.APPROVE)
    def approve(self, tx, *, id):
        return views.change_told(tx.conn, changes.approve(self.approver(tx), id))

    @serve(desk.REFUSE)
    def refuse(self, tx, *, id, why):
        return views.change_told(tx.conn, changes.refuse(self.approver(tx), id, why))

    @serve(desk.WITHDRAW)
    def withdraw(self, tx, *, id):
        return views.change_told(tx.conn, changes.withdraw(self.officer(tx), id))

    @serve(desk.REVOKE)
    def revoke(self, tx, **asked):
        return revoking.revoke(self.officer(tx), asked)

    @serve(desk.PUT_CONTACT)
    def put_contact(self, tx, **asked):
        return contacts.put(self.officer(tx), asked)

    @serve(desk.REMOVE_CONTACT)
    def remove_contact(self, tx, *, code, id):
        contacts.remove(self.officer(tx), code, id)
        return {"code": code}

    # --- faces and agencies ---

    @serve(contracts.COPIES)
    def copies(self, tx, *, after):
        return register.copies(tx.conn, after)

    @serve(contracts.OWN)
    def own(self, tx):
        return rotating.own(tx.conn, agency_of(tx.message)["agency"])

    @serve(contracts.ROTATE_KEYS)
    def rotate_keys(self, tx, **asked):
        caller = agency_of(tx.message)
        return rotating.rotate(self.office(tx, f"agency {caller['agency']}"), caller, asked)

    @serve(contracts.REGISTER_SANDBOX)
    def register_sandbox(self, tx, **asked):
        is_open = self.settings.text("SANDBOX", "0") == "1"
        return sandbox.put(self.office(tx, OURSELVES), asked, is_open=is_open)

    @every(1)
    def end_sandbox(self):
        with self.store.transaction() as tx:
            sandbox.end(self.office(tx, OURSELVES))
