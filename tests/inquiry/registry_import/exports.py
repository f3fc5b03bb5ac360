"""Small exports that a test can change, and what a load made of them."""

import csv
from pathlib import Path

from services.inquiry.registry import lookup
from services.inquiry.registry.lookup import Key
from tests.inquiry.domain.registry_rows import DECREE, PARTNER, SOURCE, VIOLATION
from tests.stores import execute

ID, FILE, EXPIRY = "کد ملی / شناسه ملی", "شماره پرونده", "تاریخ انقضا"
IDS = ("9900000013", "9900000021", "9900000031", "9910000172", "9950001234", "9960007774")
HEADERS = {
    "sources": list(SOURCE),
    "partners": list(PARTNER),
    "violations": list(VIOLATION),
    "decrees": list(DECREE),
}


class Export:
    """An export in a folder, of a few sources that a test can change."""

    def __init__(self, folder, sources=5):
        self.folder = folder
        self.sheets = {
            "sources": [
                {
                    **SOURCE,
                    FILE: f"{n}/1",
                    ID: IDS[n],
                    "کد اشتراک": f"500{n}",
                    "شماره پروانه": f"83/{n}",
                }
                for n in range(sources)
            ],
            "partners": [{**PARTNER, FILE: "1/1"}],
            "violations": [{**VIOLATION, FILE: "2/1"}],
            "decrees": [DECREE],
        }

    @property
    def sources(self):
        return self.sheets["sources"]

    def write(self, encoding="utf-8-sig", delimiter=","):
        self.folder.mkdir(exist_ok=True)
        for name, rows in self.sheets.items():
            with (self.folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
                writer = csv.DictWriter(
                    file, list(rows[0]) if rows else HEADERS[name], delimiter=delimiter
                )
                writer.writeheader()
                writer.writerows(rows)
        return self.folder


def find(store, kind, value, as_of=None):
    with store.transaction() as tx:
        return lookup.find(tx.conn, [Key(kind, value, as_of)])[0].records


def reported(result):
    with Path(result.report).open(encoding="utf-8-sig", newline="") as file:
        return [(r["file"], int(r["line"]), r["field"], r["code"]) for r in csv.DictReader(file)]


def counts(url):
    return execute(
        url,
        "select (select count(*) from source_versions), "
        "(select count(*) from source_keys), (select count(*) from decrees), "
        "(select count(*) from data_versions), (select count(*) from outbox)",
    )[0]
