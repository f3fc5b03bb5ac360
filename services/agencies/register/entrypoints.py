"""The entrypoints of the register of agencies."""

import dataclasses

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from bus.errors import BusError
from bus.foreign.pinned import PinnedClient
from bus.rehearsal import rehearse
from contracts.agencies import desk
from contracts.agencies import register as contracts
from contracts.agencies.contacts import WRITE_TO_CONTACTS, WriteToContacts
from contracts.rehearsals import Rehearse, Rehearsed
from contracts.shown_first import SHOWN_FIRST
from iran.persian import tehran_day
from services.agencies import officers
from services.agencies.context import Context, Entrypoints, calling_agency
from services.agencies.domain.document import as_json
from services.agencies.register import (
    contacts,
    key_rotation,
    key_set_reading,
    key_sets,
    proposals,
    revocations,
    sandbox,
    versions,
    views,
)
from services.agencies.register.document_checks import from_toml

MIRAB = "mirab"


class RegisterEntrypoints(Entrypoints):
    def _officer_context(self, tx: Tx) -> Context:
        """For what any officer may do. Forbidden ``register.not_an_officer``."""
        return self.context(tx, officers.caller(tx.conn, tx.envelope)[0])

    def _approver_context(self, tx: Tx) -> Context:
        """For what only approvers may do. Forbidden ``register.not_an_approver``."""
        return self.context(tx, officers.approver(tx.conn, tx.envelope))

    # --- for officers ---

    @serve(desk.REHEARSE)
    def rehearse(self, tx: Tx, message: Rehearse) -> Rehearsed | BusError:
        officers.caller(tx.conn, tx.envelope)
        refusal = rehearse(self, tx, message.name, message.typed, SHOWN_FIRST)
        return refusal or Rehearsed(name=message.name)

    @serve(desk.WHO_AM_I)
    def who_am_i(self, tx: Tx, message: contracts.Nothing) -> desk.Officer:
        username, role = officers.caller(tx.conn, tx.envelope)
        return desk.Officer(username=username, role=role)

    @serve(desk.LIST)
    def list_agencies(self, tx: Tx, message: contracts.Nothing) -> desk.AgencyRows:
        context = self._officer_context(tx)
        return views.agency_list(context.conn, tehran_day(context.now).isoformat())

    @serve(desk.AGENCY_NAMES)
    def agency_names(self, tx: Tx, message: contracts.Nothing) -> desk.AgencyNames:
        return desk.AgencyNames(names=views.agency_names(tx.conn))

    @serve(desk.READ)
    def read_agency(self, tx: Tx, message: contracts.OneAgency) -> desk.AgencyWhole:
        return views.agency_page(self._officer_context(tx).conn, message.code)

    @serve(desk.AUDIT)
    def audit(self, tx: Tx, message: desk.ListAudit) -> desk.Audit:
        return views.audit(self._officer_context(tx).conn, message)

    @serve(desk.PROPOSE)
    def propose(self, tx: Tx, message: desk.Propose) -> desk.Change:
        context = self._officer_context(tx)
        document = message.document if message.toml is None else from_toml(message.toml)
        assert document is not None
        proposal = proposals.propose(context, document, message.base_version, message.reason)
        return views.change_reply(tx.conn, proposal)

    @serve(desk.READ_CHANGE)
    def read_change(self, tx: Tx, message: desk.OneChange) -> desk.Change:
        context = self._officer_context(tx)
        return views.change_reply(tx.conn, proposals.get_proposal(context.conn, message.id))

    @serve(desk.APPROVE)
    def approve(self, tx: Tx, message: desk.OneChange) -> desk.Change:
        proposal = proposals.approve(self._approver_context(tx), message.id)
        return views.change_reply(tx.conn, proposal)

    @serve(desk.REFUSE)
    def refuse(self, tx: Tx, message: desk.RefuseChange) -> desk.Change:
        proposal = proposals.refuse(self._approver_context(tx), message.id, message.why)
        return views.change_reply(tx.conn, proposal)

    @serve(desk.WITHDRAW)
    def withdraw(self, tx: Tx, message: desk.OneChange) -> desk.Change:
        proposal = proposals.withdraw(self._officer_context(tx), message.id)
        return views.change_reply(tx.conn, proposal)

    @serve(desk.REVOKE)
    def revoke(self, tx: Tx, message: desk.Revoke) -> contracts.Changed:
        version = revocations.revoke(self._officer_context(tx), message)
        return contracts.Changed(code=message.code, version=version)

    @handle(WRITE_TO_CONTACTS)
    def write_to_contacts(self, tx: Tx, message: WriteToContacts) -> None:
        contacts.write(self.context(tx), message)

    @serve(desk.PUT_CONTACT)
    def put_contact(self, tx: Tx, message: desk.PutContact) -> desk.ContactOf:
        contact = contacts.put_contact(self._officer_context(tx), message)
        return contacts.contact_reply(contact)

    @serve(desk.REMOVE_CONTACT)
    def remove_contact(self, tx: Tx, message: desk.RemoveContact) -> contracts.OneAgency:
        contacts.remove_contact(self._officer_context(tx), message.code, message.id)
        return contracts.OneAgency(code=message.code)

    # --- for faces and agencies ---

    @serve(contracts.COPIES)
    def copies(self, tx: Tx, message: contracts.CopiesAfter) -> contracts.Copies:
        after = message.after
        rows = versions.copies_after(tx.conn, after)
        return contracts.Copies(
            version=rows[-1].version if rows else after,
            # A face that has no copy yet needs none of what has ended.
            copies=tuple(dataclasses.asdict(row) for row in rows if after or row.jws is not None),
        )

    @serve(contracts.OWN)
    def own(self, tx: Tx, message: contracts.Nothing) -> contracts.Own:
        row = versions.get_agency_in_force(tx.conn, calling_agency(tx.envelope).code)
        return contracts.Own(
            code=row.code, version=row.version, document=as_json(row.document), jws=row.jws
        )

    @serve(contracts.ROTATE_KEYS)
    def rotate_keys(self, tx: Tx, message: contracts.RotateKeys) -> contracts.KeysNow:
        agency = calling_agency(tx.envelope)
        context = self.context(tx, f"agency {agency.code}")
        version, keys = key_rotation.rotate(context, agency, message)
        return contracts.KeysNow(
            code=agency.code, version=version, keys=tuple(as_json(key) for key in keys)
        )

    @serve(contracts.REGISTER_SANDBOX)
    def register_sandbox(
        self, tx: Tx, message: contracts.RegisterSandbox
    ) -> contracts.SandboxAgency:
        is_open = self.settings.text("SANDBOX", "0") == "1"
        version, document = sandbox.register(self.context(tx, MIRAB), message, is_open=is_open)
        (key,) = document["keys"]
        return contracts.SandboxAgency(
            code=document["code"],
            key_id=key["id"],
            until=key["until"],
            version=version,
            grants=tuple(as_json(grant) for grant in document["grants"]),
        )

    @every(5)
    def read_key_sets(self) -> None:
        with self.store.transaction() as tx:
            due = key_sets.due(self.context(tx, MIRAB))
        key_set_reading.read_all(due, self._key_set_client(), self._note_key_set)
        with self.store.transaction() as tx:
            key_sets.settle(self.context(tx, MIRAB))

    def _key_set_client(self) -> PinnedClient:
        return PinnedClient(
            sandbox=self.settings.text("SANDBOX", "0") == "1",
            ca_file=self.settings.get("CALLBACKS_CA_FILE"),
            seconds=key_set_reading.SECONDS,
        )

    def _note_key_set(self, reading: key_set_reading.Reading) -> None:
        with self.store.transaction() as tx:
            context = self.context(tx, MIRAB)
            if reading.fault:
                key_sets.note_fault(context, reading.due, reading.fault)
            else:
                key_sets.note(context, reading.due, reading.body)

    @every(1)
    def end_sandbox(self) -> None:
        with self.store.transaction() as tx:
            sandbox.end_expired(self.context(tx, MIRAB))
