"""`python -m deploy.local.world`: makes the world of the demo in the stores of `make up`.

They must run, and Mirab's own parts must not: two clocks in one database would contradict each
other. `make demo` takes care of both.
"""

import argparse
import datetime as dt
import os
import sys
import time

import structlog

from bus.process.private import own_files_only
from bus.settings import Settings
from deploy.local import antivirus, demo
from deploy.local.parts import SERVICES
from deploy.local.ports import free_port
from deploy.local.state import State
from deploy.local.world.lines import HOLDER, HOLDERS_ID
from deploy.local.world.making import CannotMake, Size, World, is_made, make
from iran.persian import jalali, tehran_day

SHOW_DAYS = 10


def main(argv: list[str] | None = None) -> int:
    """0: the world is there; 1: it is not, and one sentence on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.world", description=__doc__)
    parser.add_argument("--tickets", type=int, default=Size().tickets)
    parser.add_argument("--days", type=int, default=Size().days)
    parser.add_argument("--seed", type=int, default=Size().seed)
    arguments = parser.parse_args(argv)
    size = Size(arguments.tickets, arguments.days, arguments.seed)
    state = State.of_checkout()
    try:
        databases = _own_databases(state)
        if is_made(databases):
            print("  the demo's world is there already", file=sys.stderr)
            return 0
        _make(state, databases, size)
    except CannotMake as error:
        print(f"The demo's world is not made: {error}", file=sys.stderr)
        return 1
    return 0


def _own_databases(state: State) -> dict[str, str]:
    """The addresses of `make up`'s own databases. CannotMake if others are named."""
    if state.postgres is None:
        raise CannotMake("the demo is made in the private PostgreSQL of `make up` alone.")
    return {service: state.service_url(service) for service in SERVICES}


def _make(state: State, databases: dict[str, str], size: Size) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    started, shown = time.monotonic(), dt.date.min

    def progress(moment: dt.datetime) -> None:
        nonlocal shown
        day = tehran_day(moment)
        if (day - shown).days >= SHOW_DAYS if shown > dt.date.min else True:
            shown = day
            print(f"  the demo is at {jalali(day).replace('-', '/')}", file=sys.stderr, flush=True)

    with antivirus.running(free_port()) as scanner:
        environ = {
            **os.environ,
            **state.environ(),
            "CLAMD_ADDRESS": scanner,
            "DEMO_PASSWORD": demo.password(state),
        }
        world = make(databases, Settings(environ), size, dt.datetime.now(dt.UTC), progress)
    (state.home / "demo.txt").write_text(_ways_in(world), encoding="utf-8")
    (state.home / "demo.txt").chmod(0o600)
    for refusal in sorted(set(world.refusals)):
        print(f"  refused: {refusal}", file=sys.stderr)
    print(f"  the demo was made in {time.monotonic() - started:.0f} s", file=sys.stderr)


def _ways_in(world: World) -> str:
    """Codes and secrets of the demo's people, for who wants to look at their pages."""
    lines = ["# /my, with the code that comes to the played phone: mobile, national ID"]
    lines.append(f"{HOLDER.mobile.replace('+98', '0')} {HOLDERS_ID}")
    lines.append("# that person's inbox: code, secret")
    lines.append(f"{world.inbox.code} {world.inbox.secret}")
    lines.append("# requests: code, secret, category, how it goes")
    lines += [f"{t.code} {t.secret} {t.category} {t.fate}" for t in world.tickets.made]
    lines.append("# inquiries of people: code, secret")
    lines += [
        f"{name.removeprefix('own ')} {secret}"
        for name, secret in world.questions.answers
        if name.startswith("own ")
    ]
    lines.append("# bills: number, bill ID, payment ID")
    lines += [f"{b.number} {b.bill_id} {b.payment_id}" for b in world.treasury.issued]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
