"""Colleagues of the demo desk, with a password that this machine made for itself."""

import os
import subprocess
import sys

from deploy.local.state import CHECKOUT, State
from deploy.local.stores import CannotStart

# user name → (name, role, unit)
COLLEAGUES = {
    "sara": ("سارا رضایی", "clerk", "subscribers"),
    "karim": ("کریم محمدی", "clerk", "groundwater"),
    "mina": ("مینا احمدی", "unit_head", "groundwater"),
    "nader": ("نادر حسینی", "supervisor", "inspection"),
}
NAMES = tuple(COLLEAGUES)
# user name → role in the treasury: a clerk drafts, two others can approve
OFFICERS = {"karim": "clerk", "mina": "approver", "nader": "approver"}


def password(state: State) -> str:
    """The one password of all demo colleagues; other machines have others."""
    return state.secret("demo-password").read_text(encoding="utf-8").strip()


def colleagues(state: State) -> None:
    """Gives each of them an account."""
    for username, (name, role, unit) in COLLEAGUES.items():
        done = subprocess.run(
            [
                sys.executable, "-m", "services.ticketing.staff", "put", username,
                "--name", name, "--role", role, "--unit", unit,
            ],
            cwd=CHECKOUT,
            env={**os.environ, "DB_URL": state.service_url("ticketing")},
            input=password(state) + "\n",
            text=True,
            capture_output=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise CannotStart(f"the demo account {username}: {done.stderr.strip()[-200:]}")


def treasury(state: State) -> None:
    """Makes some of them officers, and puts a first tariff in force."""
    for username, role in OFFICERS.items():
        _run(state, "services.billing.officers", "put", username, "--role", role)
    _run(
        state, "services.billing.tariffs", "deploy/billing/tariffs.csv", "--drafted-by", "karim",
        "--approved-by", "nader",
    )  # fmt: skip


def _run(state: State, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=CHECKOUT,
        env={**os.environ, "DB_URL": state.service_url("billing")},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"the demo treasury: {done.stderr.strip()[-200:]}")
