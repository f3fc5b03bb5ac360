"""The entrypoints of the register of agencies."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.agencies import desk
from contracts.agencies import register as contracts
from services.agencies import officers
from services.agencies.context import Context, Entrypoints, calling_agency
from services.agencies.domain.document import PublicKey
from services.agencies.register import (
    contacts,
    key_rotation,
    proposals,
    revocations,
    sandbox,
    versions,
    views,
)
from services.agencies.register.document_checks import from_toml
from services.agencies.tables import Contact

MIRAB = "mirab"
Reply = Mapping[str, object]


class RegisterEntrypoints(Entrypoints):
    def _officer_context(self, tx: Tx) -> Context:
        """For what any officer may do. Forbidden ``register.not_an_officer``."""
        return self.context(tx, officers.caller(tx.conn, tx.envelope)[0])

    def _approver_context(self, tx: Tx) -> Context:
        """For what only approvers may do. Forbidden ``register.not_an_approver``."""
        return self.context(tx, officers.approver(tx.conn, tx.envelope))

    # --- for officers ---

    @serve(desk.WHO_AM_I)
    def who_am_i(self, tx: Tx) -> Reply:
        username, role = officers.caller(tx.conn, tx.envelope)
        return {"username": username, "role": role}

    @serve(desk.LIST)
    def list_agencies(self, tx: Tx) -> Reply:
        return views.agency_list(self._officer_context(tx).conn)

    @serve(desk.AGENCY_NAMES)
    def agency_names(self, tx: Tx) -> Reply:
        return {"names": views.agency_names(tx.conn)}

    @serve(desk.READ)
    def read_agency(self, tx: Tx, *, code: str) -> Reply:
        return views.agency_page(self._officer_context(tx).conn, code)

    @serve(desk.AUDIT)
    def audit(self, tx: Tx, *, code: str | None, before: int | None, limit: int) -> Reply:
        return views.audit(self._officer_context(tx).conn, code, before, limit)

    @serve(desk.PROPOSE)
    def propose(
        self,
        tx: Tx,
        *,
        document: Mapping[str, object],
        toml: str | None,
        base_version: int,
        reason: str,
    ) -> Reply:
        context = self._officer_context(tx)
        proposed = document if toml is None else from_toml(toml)
        return views.change_reply(
            tx.conn, proposals.propose(context, proposed, base_version, reason)
        )

    @serve(desk.READ_CHANGE)
    def read_change(self, tx: Tx, *, id: int) -> Reply:
        context = self._officer_context(tx)
        return views.change_reply(tx.conn, proposals.get_proposal(context.conn, id))

    @serve(desk.APPROVE)
    def approve(self, tx: Tx, *, id: int) -> Reply:
        return views.change_reply(tx.conn, proposals.approve(self._approver_context(tx), id))

    @serve(desk.REFUSE)
    def refuse(self, tx: Tx, *, id: int, why: str) -> Reply:
        return views.change_reply(tx.conn, proposals.refuse(self._approver_context(tx), id, why))

    @serve(desk.WITHDRAW)
    def withdraw(self, tx: Tx, *, id: int) -> Reply:
        return views.change_reply(tx.conn, proposals.withdraw(self._officer_context(tx), id))

    @serve(desk.REVOKE)
    def revoke(  # noqa: PLR0913 - the fields of the message
        self, tx: Tx, *, code: str, what: str, id: str, reason: str, version: int | None
    ) -> Reply:
        context = self._officer_context(tx)
        made = revocations.revoke(context, code, what, id, reason, seen_version=version)
        return {"code": code, "version": made}

    @serve(desk.PUT_CONTACT)
    def put_contact(  # noqa: PLR0913 - the fields of the message
        self, tx: Tx, *, code: str, id: int | None, role: str, name: str, email: str, mobile: str
    ) -> Reply:
        contact = Contact(role, name, email, mobile or "")
        row = contacts.put_contact(self._officer_context(tx), code, contact, id)
        return dataclasses.asdict(row)

    @serve(desk.REMOVE_CONTACT)
    def remove_contact(self, tx: Tx, *, code: str, id: int) -> Reply:
        contacts.remove_contact(self._officer_context(tx), code, id)
        return {"code": code}

    # --- for faces and agencies ---

    @serve(contracts.COPIES)
    def copies(self, tx: Tx, *, after: int) -> Reply:
        rows = versions.copies_after(tx.conn, after)
        return {
            "version": rows[-1].version if rows else after,
            # A face that has no copy yet needs none of what has ended.
            "copies": [dataclasses.asdict(row) for row in rows if after or row.jws is not None],
        }

    @serve(contracts.OWN)
    def own(self, tx: Tx) -> Reply:
        row = versions.get_agency_in_force(tx.conn, calling_agency(tx.envelope).code)
        return {
            "code": row.code, "version": row.version, "document": row.document, "jws": row.jws,
        }  # fmt: skip

    @serve(contracts.ROTATE_KEYS)
    def rotate_keys(
        self, tx: Tx, *, keys: Sequence[Mapping[str, str]], old_until: str | None
    ) -> Reply:
        agency = calling_agency(tx.envelope)
        context = self.context(tx, f"agency {agency.code}")
        new = key_rotation.NewKeys(keys, old_until)
        version, all_keys = key_rotation.rotate(context, agency, new)
        return {"code": agency.code, "version": version, "keys": all_keys}

    @serve(contracts.REGISTER_SANDBOX)
    def register_sandbox(
        self, tx: Tx, *, name: str, proof: str | None = None, **key: object
    ) -> Reply:
        is_open = self.settings.text("SANDBOX", "0") == "1"
        version, document = sandbox.register(
            self.context(tx, MIRAB), name, cast("PublicKey", key), proof, is_open=is_open
        )
        (own_key,) = document["keys"]
        return {
            "code": document["code"],
            "key_id": own_key["id"],
            "until": own_key["until"],
            "version": version,
            "grants": document["grants"],
        }

    @every(1)
    def end_sandbox(self) -> None:
        with self.store.transaction() as tx:
            sandbox.end_expired(self.context(tx, MIRAB))
