"""What all feeds of the portal are made of: elements of Atom (RFC 4287), and JSON Feed 1.1."""

import re
from xml.etree import ElementTree as ET

import orjson

from bus.messages.values import Json

ATOM = "http://www.w3.org/2005/Atom"
XML = "http://www.w3.org/XML/1998/namespace"
# When an empty feed changed.
NEVER = "1970-01-01T00:00:00Z"
# What XML 1.0 has no way to write (2.2): one such character makes a whole feed unreadable.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ET.register_namespace("atom", ATOM)


def child(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    """Add an element of Atom."""
    return ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)


def head(parent: ET.Element, id_: str, title: str, changed: str) -> None:
    """Add what each feed and each entry must have."""
    child(parent, "id").text = id_
    child(parent, "title").text = title
    child(parent, "updated").text = changed


def written(root: ET.Element) -> bytes:
    """Return a document as it is sent, without characters that XML cannot have."""
    text = UNWRITABLE.sub("", ET.tostring(root, encoding="unicode"))
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}".encode()


def json_document(title: str, page: str, address: str, lang: str, items: list[Json]) -> bytes:
    """Return a JSON Feed 1.1 of ``page``, which stands itself at ``address``."""
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": title,
            "home_page_url": page,
            "feed_url": address,
            "language": lang,
            "items": items,
        }
    )
