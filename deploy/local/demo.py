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
