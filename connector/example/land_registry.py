"""A land registry that serves `land_registry.sources_of_parcel.v1`, and hears of new exports of the
water register: copy it and change the table.

    AMQP_URL=amqps://agency.land-registry:PASSWORD@bus.example/agency.land-registry \\
        python -m connector.example.land_registry

AMQP_PASSWORD_FILE may name a file with the password, AMQP_CA_FILE the authority of the broker's
certificate, PARCELS_FILE a CSV of `parcel_no,file_no`, read at each question. It hears if
HEARD_FILE names a file that keeps how far it has heard; with MIRAB_URL, MIRAB_KEY_FILE,
MIRAB_KEY_ID and MIRAB_SERVER_KEY it asks for what it missed. SIGTERM ends it when all that was
begun is answered.
"""

import csv
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import quote, urlsplit

from bus.errors import NotFound, Unavailable
from bus.process.private import own_files_only
from bus.wire import Wire
from connector import Caller, load_key, read_server_keys
from connector.listener import Listener
from connector.provider import Provider

CODE = "land-registry"
CONTRACT = "land_registry.sources_of_parcel.v1"
LOADED = "inquiry.registry_loaded.v1"


def sources_of(parcel_no: str) -> Wire:
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


def note_event(event: Wire) -> None:
    """Handle an event: a real registry would ask again about its open deeds after a new export."""
    note = "noted"
    if event["type"] == LOADED:
        note = f"version {event['data']['data_version']}"
    print(f"heard {event['type']} {int(event['sequence'])}: {note}", flush=True)


def caller() -> Caller | None:
    """The client of the agency face, if its address is set."""
    setting = os.environ.get
    if not (url := setting("MIRAB_URL")):
        return None
    key = load_key(os.environ["MIRAB_KEY_FILE"], os.environ["MIRAB_KEY_ID"])
    server_key = setting("MIRAB_SERVER_KEY")
    return Caller(url, key, server_keys=read_server_keys(server_key) if server_key else None)


def listener() -> Listener | None:
    """The listener, if a file for its position is set."""
    if not (kept := os.environ.get("HEARD_FILE")):
        return None
    ca_file = os.environ.get("AMQP_CA_FILE")
    return Listener(address(), CODE, note_event, kept=Path(kept), caller=caller(), ca_file=ca_file)


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
    """Serve and listen until a signal stops it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    provider = Provider(address(), CODE, ca_file=os.environ.get("AMQP_CA_FILE"))
    provider.serve(CONTRACT, sources_of)
    works = [part for part in (provider, listener()) if part is not None]

    def stop(*_: object) -> None:
        for part in works:
            part.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threads = [threading.Thread(target=part.run) for part in works[1:]]
    for thread in threads:
        thread.start()
    provider.run()
    for thread in threads:
        thread.join()
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
