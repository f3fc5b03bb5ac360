"""People to call at an agency: personal data, so it stands in no document, copy, event or audit."""

from sqlalchemy import Connection, delete, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import NotFound
from contracts.agencies.contacts import WriteToContacts
from contracts.agencies.desk import ContactOf, PutContact
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from services.agencies.context import Context
from services.agencies.register import versions
from services.agencies.register.versions import Act
from services.agencies.tables import CONTACTS, ContactRow


def put_contact(context: Context, message: PutContact) -> ContactRow:
    """Add a contact, or change the one of that id.

    NotFound ``agency.not_found``, ``contact.not_found``.
    """
    code, id_ = message.code, message.id
    versions.get_agency(context.conn, code)
    values = {
        "role": message.role,
        "name": message.name,
        "email": message.email,
        "mobile": message.mobile or "",
    }
    statement = (
        insert(CONTACTS).values(code=code, **values)
        if id_ is None
        else update(CONTACTS).where(CONTACTS.c.id == id_, CONTACTS.c.code == code).values(values)
    )
    row = fetch_one(context.conn, ContactRow, statement.returning(*columns(CONTACTS, ContactRow)))
    if row is None:
        raise _not_found()
    versions.add_audit(context, code, Act("contact", f"{row.id} {row.role}"))
    return row


def remove_contact(context: Context, code: str, id_: int) -> None:
    """Delete a contact. NotFound ``contact.not_found``."""
    role = context.conn.execute(
        delete(CONTACTS)
        .where(CONTACTS.c.id == id_, CONTACTS.c.code == code)
        .returning(CONTACTS.c.role)
    ).scalar_one_or_none()
    if role is None:
        raise _not_found()
    versions.add_audit(context, code, Act("remove contact", f"{id_} {role}"))


def contact_reply(row: ContactRow) -> ContactOf:
    """A contact as officers read it."""
    return ContactOf(id=row.id, role=row.role, name=row.name, email=row.email, mobile=row.mobile)


def _not_found() -> NotFound:
    return NotFound("The agency has no such contact.", code="contact.not_found")


def contacts_of(conn: Connection, code: str) -> list[ContactRow]:
    """The contacts of an agency, in the order in which they were added."""
    return fetch_all(
        conn,
        ContactRow,
        select(*columns(CONTACTS, ContactRow))
        .where(CONTACTS.c.code == code)
        .order_by(CONTACTS.c.id),
    )


def write(context: Context, message: WriteToContacts) -> None:
    """Have notify write an e-mail to all contacts of an agency; an agency without any gets none."""
    for email in sorted({row.email for row in contacts_of(context.conn, message.agency)}):
        send = SendMessage(
            template=message.template,
            channels=("email",),
            to=Receiver(email=email),
            personalisation=dict(message.values),
        )
        context.tx.send(SEND_MESSAGE, send)
