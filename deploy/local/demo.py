"""Colleagues of the demo desk, with a password that this machine made for itself."""

import functools
import os
from pathlib import Path

from deploy.local.state import State
from deploy.local.steps import Step

# user name → (name, role, unit)
COLLEAGUES = {
    "sara": ("سارا رضایی", "clerk", "subscribers"),
    "karim": ("کریم محمدی", "clerk", "groundwater"),
    "mina": ("مینا احمدی", "unit_head", "groundwater"),
    "nader": ("نادر حسینی", "supervisor", "inspection"),
}
NAMES = tuple(COLLEAGUES)
# user name → role at the ops face: one acts, one looks
OPERATORS = {"nader": "operator", "mina": "observer"}
# user name → role in the treasury: a clerk drafts, two others can approve
OFFICERS = {"karim": "clerk", "mina": "approver", "nader": "approver"}
# user name → role in notices: an editor writes, two others can approve
EDITORS = {"karim": "editor", "mina": "approver", "nader": "approver"}
# user name → role in the register of agencies: a clerk proposes, two others can approve
REGISTRARS = {"karim": "clerk", "mina": "approver", "nader": "approver"}
# The first tariff was in force on paper long before; bills of the past are charged by it.
ON_PAPER = ("--approved-on", "2025-03-21T08:00:00+03:30")
TWO_PEOPLE = ("--drafted-by", "karim", "--approved-by", "nader")
# whose keys and templates of the Notify API the demo has
AGENCY = "fuel-co"


def password(state: State) -> str:
    """The one password of all demo colleagues; other machines have others."""
    return state.secret("demo-password").read_text(encoding="utf-8").strip()


def colleagues(state: State) -> list[Step]:
    """Gives each of them an account."""
    accounts = [
        _run(
            state,
            "ticketing",
            "accounts.staff",
            "put",
            username,
            *("--name", name, "--role", role, "--unit", unit),
            stdin=password(state) + "\n",
        )
        for username, (name, role, unit) in COLLEAGUES.items()
    ]
    return accounts + [
        _run(state, "ticketing", "accounts.operators", "put", username, "--role", role)
        for username, role in OPERATORS.items()
    ]


def treasury(state: State) -> list[Step]:
    """Makes some of them officers, and puts a first tariff in force."""
    officers = [
        _run(state, "billing", "officers", "put", username, "--role", role)
        for username, role in OFFICERS.items()
    ]
    return [
        *officers,
        _run(state, "billing", "tariffs", "deploy/billing/tariffs.csv", *TWO_PEOPLE, *ON_PAPER),
    ]


def notices(state: State) -> list[Step]:
    """Makes some of them editors of notices, and puts our own templates in force."""
    steps = [
        _run(state, "notify", "editors", "put", username, "--role", role)
        for username, role in EDITORS.items()
    ]
    steps += [
        _run(state, "notify", "templates", "deploy/notify/templates.toml", *TWO_PEOPLE),
        _run(
            state,
            "notify",
            "templates",
            "deploy/local/demo_templates.toml",
            "--owner",
            AGENCY,
            *TWO_PEOPLE,
        ),
    ]
    if not api_key(state).exists():
        key = _run(state, "notify", "govuk", "make", AGENCY, "--name", "demo", "--kind", "live")
        steps.append(key._replace(result=functools.partial(_keep_key, state)))
    return steps


def register(state: State) -> list[Step]:
    """Makes some of them officers of the register, puts the demo agencies in force but for those
    that somebody has changed at the desk, and the folder of signed copies in line.
    """
    officers = [
        _run(state, "agencies", "officers", "put", username, "--role", role)
        for username, role in REGISTRARS.items()
    ]
    return [
        *officers,
        _run(state, "agencies", "importing", "deploy/agencies", "--keep-changed", *TWO_PEOPLE),
        _run(state, "agencies", "exporting", state.environ()["AGENCIES_DIR"], "--copies"),
    ]


def api_key(state: State) -> Path:
    """The file that holds the demo agency's key of the Notify API."""
    return state.home / "notify-api-key"


def _keep_key(state: State, made: str) -> None:
    api_key(state).touch(mode=0o600)
    api_key(state).write_text(made.strip(), encoding="utf-8")


def _run(state: State, service: str, module: str, *words: str, stdin: str = "") -> Step:
    environ = {**os.environ, **state.environ(), "DB_URL": state.service_url(service)}
    return Step((f"services.{service}.{module}", *words), environ, stdin)
