"""Notices: accepted a second over the bus, handed over soon, an OTP amid a bulk job."""

import asyncio
import sys
import time
from pathlib import Path

import psycopg2
import requests
import uvloop

from bench.stack import PYTHON, ROOT, Process, Stores
from bench.tables import table
from bus.client import Client
from contracts.notify.messages import SEND, Send
from contracts.notify.receiver import Receiver
from deploy.local.ports import free_port, listening

ACCEPT, AT_ONCE = 10_000, 400
# One that the demo register holds: who is not in the register sends nothing.
AGENCY = "fuel-co"
ACCEPTED = f"accepted a second, {AT_ONCE} at once, with inbox"
STEADY, STEADY_SECONDS = 1000, 20
BULK, OTPS = 100_000, 50
MOBILE = "0990{:07}"


class Notices:
    """The notify service and its relay before the played providers."""

    def __init__(self, stores: Stores) -> None:
        self.sms_port = free_port()
        db = stores.database("notify_bench")
        providers = stores.folder / "providers.toml"
        demo = (ROOT / "deploy/notify/providers.toml").read_text(encoding="utf-8")
        providers.write_text(demo.replace(":8028", f":{self.sms_port}"), encoding="utf-8")
        settings = {
            "DB_URL": db,
            "NOTIFY_KEY": "bench",
            "NOTIFY_PROVIDERS_FILE": str(providers),
            "PORTAL_URL": "http://127.0.0.1:1",
            "BLOBS_DIR": str(stores.folder / "blobs"),
            "SMS_PORT": str(self.sms_port),
            "SMS_DELAY": "1",
            "HOST": "127.0.0.1",
        }
        (stores.folder / "blobs").mkdir(exist_ok=True)
        environ = stores.environ(**settings)
        stores.run("bus", "migrate", "services.notify", **settings)
        stores.run("services.notify.books", str(_book(stores.folder / "book")), **settings)
        for owner, file in (("mirab", "deploy/notify"), (AGENCY, "bench")):
            stores.run(
                "services.notify.templates",
                f"{file}/templates.toml",
                "--owner",
                owner,
                "--drafted-by",
                "a",
                "--approved-by",
                "b",
                **settings,
            )
        self.db = db
        self.processes = [
            Process(stores.folder / f"notices-{n}.log", command, environ)
            for n, command in enumerate(
                (
                    (*PYTHON, "deploy.local.sms"),
                    (*PYTHON, "bus", "serve", "services.notify"),
                    (*PYTHON, "bus", "relay", "services.notify"),
                )
            )
        ]
        while not listening(self.sms_port):
            time.sleep(0.1)

    def count(self, where: str) -> int:
        """How many messages there are of a kind."""
        connection = psycopg2.connect(self.db)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"select count(*) from messages where {where}")
            row = cursor.fetchone()
        connection.close()
        return int(row[0]) if row else 0

    def handed_over(self) -> int:
        """Count the messages that the played providers took; none of them twice."""
        reply = requests.get(f"http://127.0.0.1:{self.sms_port}/taken?brief=1", timeout=60).json()
        if reply["doubles"]:
            raise SystemExit(f"handed over twice: {reply['doubles'][:5]}")
        return int(reply["count"])

    def share_within(self, seconds: float, lane: str) -> float:
        """The share of a lane's messages that were handed over so soon after they were accepted."""
        in_lane = f"lane = '{lane}'"
        late = f"(sent_at is null or sent_at > created_at + interval '{seconds} s')"
        return 1 - self.count(f"{in_lane} and {late}") / max(1, self.count(in_lane))

    def stop(self) -> None:
        for process in self.processes:
            process.stop()


def _book(folder: Path) -> Path:
    """The demo's book without a night, so that the figures are the same at every hour."""
    folder.mkdir()
    for path in (ROOT / "deploy/notify").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('begins = "21:00"', 'begins = "03:00"').replace(
            'begins = "22:00"', 'begins = "03:00"'
        )
        text = text.replace('ends = "08:00"', 'ends = "03:01"').replace(
            'ends = "07:00"', 'ends = "03:01"'
        )
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def measure(stores: Stores, *, quick: bool = False) -> str:
    """The table, as Markdown; ``quick`` measures only how fast notices are accepted."""
    notices = Notices(stores)
    try:
        rows = uvloop.run(_all(stores.rabbitmq.url, notices, quick=quick))
    finally:
        notices.stop()
    return table(["notices", "figure"], rows)


async def _all(amqp: str, notices: Notices, *, quick: bool) -> list[tuple[str, str]]:
    client = Client(amqp, name="bench")
    await client.start()
    try:
        await _ready(client)
        rate = await _accept(client, ACCEPT, "note", AT_ONCE)
        print(f"  notices: {rate:.0f} accepted a second", file=sys.stderr)
        if quick:
            return [(ACCEPTED, f"{rate:.0f}")]
        handed = await _drained(notices)
        steady = await _steady(client)
        await _drained(notices)
        soon = notices.share_within(10, "transactional") if handed else 0.0
        bulk = asyncio.create_task(_accept(client, BULK, "bulk", AT_ONCE))
        otp = await _otps(client, notices)
        await bulk
        await _drained(notices)
        total, handed_over = notices.count("state <> 'FAILED'"), notices.handed_over()
    finally:
        await client.stop()
    return [
        (ACCEPTED, f"{rate:.0f}"),
        (f"accepted at a steady {STEADY} a second", f"{steady:.0f} a second"),
        ("of all of these handed over within 10 s", f"{soon:.1%}"),
        (
            f"an OTP handed over while {BULK:,} bulk messages wait: the slowest of {OTPS}",
            f"{otp:.1f} s",
        ),
        ("messages accepted, and taken by the played providers", f"{total:,} and {handed_over:,}"),
    ]


async def _ready(client: Client) -> None:
    for _ in range(300):
        try:
            await _send(client, "note", 0)
        except Exception:
            await asyncio.sleep(0.1)
        else:
            return
    raise SystemExit("the notify service did not answer")


async def _send(client: Client, template: str, n: int) -> None:
    message = Send(
        template=template,
        to=Receiver(mobile=f"+98{MOBILE.format(n)[1:]}"),
        personalisation={"n": str(n)},
    )
    await client.call(SEND, message, caller={"agency": AGENCY}, deadline=60)


_numbers = iter(range(1, 10**7))


async def _accept(client: Client, count: int, template: str, at_once: int) -> float:
    left = [next(_numbers) for _ in range(count)]

    async def worker() -> None:
        while left:
            await _send(client, template, left.pop())

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return count / (time.perf_counter() - started)


async def _steady(client: Client) -> float:
    """So many a second, as they come; how many a second were accepted in fact."""
    started, tasks = time.perf_counter(), []
    for n in range(STEADY * STEADY_SECONDS):
        if (ahead := started + n / STEADY - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        tasks.append(asyncio.create_task(_send(client, "note", next(_numbers))))
    await asyncio.gather(*tasks)
    return len(tasks) / (time.perf_counter() - started)


async def _otps(client: Client, notices: Notices) -> float:
    """The slowest hand-over of some OTPs while bulk messages wait, in seconds."""
    for _ in range(OTPS):
        await _send(client, "otp", next(_numbers))
        await asyncio.sleep(0.1)
    for _ in range(600):
        if notices.share_within(60, "otp") == 1:
            break
        await asyncio.sleep(0.1)
    connection = psycopg2.connect(notices.db)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from max(coalesce(sent_at, now()) - created_at)) from messages "
            "where lane = 'otp'"
        )
        row = cursor.fetchone()
    connection.close()
    return float(row[0]) if row else 0.0


async def _drained(notices: Notices) -> bool:
    """Waits until nothing waits to be handed over."""
    for _ in range(2400):
        if not notices.count("state in ('CREATED', 'SENDING') and due_at <= now()"):
            return True
        await asyncio.sleep(0.25)
    return False
