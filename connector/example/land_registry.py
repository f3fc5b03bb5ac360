"""A land registry that serves `land_registry.sources_of_parcel.v1`: copy it and change the table.

    AMQP_URL=amqps://agency.land-registry:PASSWORD@bus.example/%2F \\
        python -m connector.example.land_registry

AMQP_PASSWORD_FILE may name a file with the password, AMQP_CA_FILE the authority of the broker's
certificate, PARCELS_FILE a CSV of `parcel_no,file_no`, read at each question. SIGTERM ends
it when all that was begun is answered.
"""

import csv
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bus.errors import NotFound, Unavailable
from connector.provider import Provider

CODE = "land-registry"
CONTRACT = "land_registry.sources_of_parcel.v1"


def sources_of(parcel_no: str) -> dict[str, Any]:
    """The file numbers of the water sources that a parcel's deeds name."""
    path = Path(os.environ.get("PARCELS_FILE") or Path(__file__).parent / "parcels.csv")
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["parcel_no"] == parcel_no]
    except OSError:
        raise Unavailable("The book of parcels is closed now.", code="parcels.closed") from None
    if not rows:
        raise NotFound("There is no such parcel.", code="parcel.unknown")
    return {"file_nos": [row["file_no"] for row in rows if row["file_no"]]}


def address() -> str:
    """The broker's address, with the password of its file if there is one."""
    url = os.environ["AMQP_URL"]
    if name := os.environ.get("AMQP_PASSWORD_FILE"):
        word = quote(Path(name).read_text(encoding="utf-8").strip(), safe="")
        where = urlsplit(url)
        host = where.netloc.rsplit("@", 1)[-1]
        url = where._replace(netloc=f"agency.{CODE}:{word}@{host}").geturl()
    return url


def main() -> int:
    """Serves until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    provider = Provider(address(), CODE, ca_file=os.environ.get("AMQP_CA_FILE"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: provider.stop())
    provider.serve(CONTRACT, sources_of).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
