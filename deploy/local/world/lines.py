"""What people write and what they are called: matters.toml, filled in by the world's own chance."""

import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bus.messages.values import Json

DIGITS = "۰۱۲۳۴۵۶۷۸۹"
# A one-time code in a message.
PIN = re.compile(r"(?<!\d)\d{6}(?!\d)")


class Place(NamedTuple):
    """A village or town: its county's code, its name, degrees north and east."""

    county: str
    name: str
    lat: float
    long: float


class Person(NamedTuple):
    """Somebody of the demo; all mobiles are of a range that no operator gives out."""

    name: str
    mobile: str
    email: str


# Who has some of everything: the holder of a file of the registry, with the mobile on file there.
HOLDER = Person("رضا کاظمی", "+989249423706", "kazemi@mail.example")
HOLDERS_ID, HOLDERS_FILE = "9905251782", "1001/5"


def weighed(chance: random.Random, weights: dict[str, int]) -> str:
    """One of the names, as often as its weight says."""
    return chance.choices(list(weights), list(weights.values()))[0]


def maybe(chance: random.Random, share: float) -> bool:
    """True so often of one."""
    return chance.random() < share


@cache
def material() -> Json:
    """The file of texts, names and places."""
    return tomllib.loads((Path(__file__).parent / "matters.toml").read_text(encoding="utf-8"))


def place(chance: random.Random, county: str = "") -> Place:
    """A place of a county, or of any."""
    county = county or chance.choice(sorted(material()["places"]))
    name, lat, long = chance.choice(material()["places"][county])
    near = chance.uniform(-0.02, 0.02)
    return Place(county, name, round(lat + near, 5), round(long + near / 2, 5))


def person(chance: random.Random, number: int) -> Person:
    """A person with a mobile and an e-mail of their own."""
    people = material()["people"]
    first = chance.choice(people["men" if maybe(chance, 0.6) else "women"])
    mobile = f"+98900{number % 10_000_000:07}"
    return Person(
        f"{first} {chance.choice(people['families'])}", mobile, f"citizen{number}@mail.example"
    )


def word(chance: random.Random, kind: str) -> str:
    """One of the short texts of a kind."""
    text: str = chance.choice(material()["words"][kind])
    return text


def matters(category: str = "") -> list[dict[str, Any]]:
    """The matters of a category, or all."""
    rows: list[dict[str, Any]] = material()["matters"]
    return [row for row in rows if category in ("", row["category"])]


def fill(chance: random.Random, matter: dict[str, Any], where: Place) -> dict[str, str]:
    """The texts of a matter with its places filled in, the same in all of them."""
    places = {
        "place": where.name,
        "file": f"{chance.randint(1001, 4800)}/{chance.randint(1, 9)}",
        "days": chance.choice(("چهار", "شش", "هشت", "دوازده")),
        "n": str(chance.randint(3, 9)).translate(str.maketrans("0123456789", DIGITS)),
        "neighbour": chance.choice(material()["people"]["families"]),
        "month": chance.choice(material()["people"]["months"]),
    }
    return {name: str(text).format(**places) for name, text in matter.items()}
