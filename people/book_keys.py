"""Parts of the desk's book, and what a row of each is known by: those who propose a change of it
and those who keep it call a row the same.
"""

from collections.abc import Mapping

LISTS = (
    "units",
    "categories",
    "promises",
    "offices",
    "canned",
    "routes",
    "counties",
    "escalation",
    "levels",
)
# What stands in the book once.
SINGLES = ("area", "closing", "roles")
SECTIONS = (*LISTS, *SINGLES)
# Lists whose rows are known by what they say, not by a code.
MEMBERS_OF_KEY = {
    "promises": ("category", "kind", "from"),
    "routes": ("category", "county"),
    "escalation": ("clock", "minutes_from_due", "role"),
}


def key_of(section: str, row: Mapping[str, object]) -> str:
    """Return the key of a row: its code, what it says, or of what stands once the section's name.

    >>> key_of("promises", {"category": "bill", "from": "2025-03-21"})
    'bill/*/2025-03-21'
    """
    if section in SINGLES:
        return section
    if section in MEMBERS_OF_KEY:
        return "/".join(str(row.get(name, "*")) for name in MEMBERS_OF_KEY[section])
    return str(row["code"])
