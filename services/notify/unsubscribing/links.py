"""The address at which an e-mail's receiver ends what it belongs to.

A message is stored with the address without its key: whoever reads the message, its sender too, can
neither end nor resume anything. The key is put in when the e-mail is handed over.
"""

from uuid import UUID

from services.notify.domain.content import Content
from services.notify.keys import Keys
from services.notify.templates import footer

PURPOSE = "unsubscribe"


def with_key(keys: Keys, id_: UUID, content: Content) -> Content:
    """The content of a message as it is handed over; the same where it has no link of ours."""
    stored, keyed = footer.path(id_.hex), footer.path(keys.link(PURPOSE, id_))
    address = content.get("unsubscribe", "")
    if not address.endswith(stored):
        return content
    complete = content.copy()
    complete["unsubscribe"] = address.replace(stored, keyed)
    complete["body"] = content["body"].replace(stored, keyed)
    complete["html"] = content.get("html", "").replace(stored, keyed)
    return complete
