"""Databases of tests: each a copy of a template, for the role of the service that owns it."""

import contextlib
import os
import secrets

import psycopg2
import pytest

from tests.processes import run_programs
from tests.stores import execute, rule

# Templates of that service that are named after what is in them.
OF_INQUIRY = frozenset(("demo_template", "exported_template"))


@contextlib.contextmanager
def alone(server, name):
    """Only one worker at a time does this: roles and templates are the whole server's."""
    connection = psycopg2.connect(server.url("postgres"))
    try:
        connection.cursor().execute("select pg_advisory_lock(hashtext(%s))", (name,))
        yield
    finally:
        connection.close()


def make_role(server, name):
    """The role of a service, as production has it: no superuser, owner of nothing."""
    with alone(server, "roles"):
        execute(
            server.url("postgres"),
            f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') then "
            f"create role {name} login; end if; end $$",
        )


def make_database(server, name, template):
    """URL of a new copy of a template for the role of the service whose database it is."""
    rule(server, f"create database {name} template {template} strategy file_copy")
    service = "inquiry" if template in OF_INQUIRY else template.removesuffix("_template")
    return server.url(name, service)


def make_empty_database(server, part, name):
    """URL of a new, migrated database of ``part`` for the role of its service."""
    service = part.rsplit(".", 1)[1]
    make_role(server, service)
    execute(server.url("postgres"), f"create database {name}")
    run_programs({"DB_URL": server.url(name)}, ("bus", "migrate", part))
    return server.url(name, service)


def make_template(server, part, *lines):
    """Name of a database that was migrated by its owner and then filled by its service's role
    with the programs of ``lines``; whichever worker needs it first makes it.
    """
    name = f"{part.rsplit('.', 1)[1]}_template"

    def make(unfinished):
        url = make_empty_database(server, part, unfinished)
        if lines:
            run_programs({"DB_URL": url}, *lines)

    return make_once(server, name, make)


def make_once(server, name, make):
    """``name``, a database that ``make`` makes, under another name, if it is not there yet."""
    with alone(server, name):
        query = "select 1 from pg_database where datname = %s"
        if not execute(server.url("postgres"), query, (name,)):
            make(f"{name}_unfinished")
            execute(server.url("postgres"), f"alter database {name}_unfinished rename to {name}")
    return name


def officers(module, **roles):
    """The lines that give people their roles."""
    return [(module, "put", name, "--role", role) for name, role in roles.items()]


@pytest.fixture(scope="session")
def inquiry_template(postgres):
    return make_template(postgres, "services.inquiry")


@pytest.fixture(scope="session")
def probe_template(postgres):
    return make_template(postgres, "tests.probe")


@pytest.fixture(scope="session")
def agencies_template(postgres):
    """The agencies database with the register's officers in it."""
    return make_template(
        postgres,
        "services.agencies",
        *officers("services.agencies.officers", karim="clerk", mina="approver", nader="approver"),
    )


@pytest.fixture(scope="session")
def ticketing_template(postgres):
    """The ticketing database with the demo desk's book and calendar in it."""
    return make_template(
        postgres, "services.ticketing", ("services.ticketing.books", "deploy/desk")
    )


@pytest.fixture(scope="session")
def billing_template(postgres):
    """The billing database with the demo treasury's book, tariff and officers in it."""
    return make_template(
        postgres,
        "services.billing",
        ("services.billing.books", "deploy/billing"),
        *officers("services.billing.officers", karim="clerk", mina="approver", nader="approver"),
        (
            "services.billing.tariffs",
            "deploy/billing/tariffs.csv",
            "--drafted-by",
            "karim",
            "--approved-by",
            "nader",
            "--approved-on",
            "2025-03-01T00:00:00Z",
        ),
    )


@pytest.fixture(scope="session")
def notify_template(postgres):
    """The notify database with the demo's book, our templates and editors in it."""
    return make_template(
        postgres,
        "services.notify",
        ("services.notify.books", "deploy/notify"),
        *officers("services.notify.editors", karim="editor", mina="approver", nader="approver"),
        (
            "services.notify.templates",
            "deploy/notify/templates.toml",
            "--drafted-by",
            "karim",
            "--approved-by",
            "nader",
        ),
    )


@pytest.fixture(scope="session")
def demo_template(postgres, inquiry_template):
    """The inquiry database with the demo registry in it."""

    def make(unfinished):
        url = make_database(postgres, unfinished, inquiry_template)
        load = ("services.inquiry.load", "deploy/local/registry", "--report", os.devnull)
        run_programs({"DB_URL": url}, load)

    return make_once(postgres, "demo_template", make)


@pytest.fixture
def new_database(postgres):
    """Makes databases from a template, and drops them after the test."""
    made = []

    def new(template):
        made.append(f"t_{secrets.token_hex(6)}")
        return make_database(postgres, made[-1], template)

    yield new
    for name in made:
        rule(postgres, f"drop database {name} with (force)")


@pytest.fixture
def inquiry_db(new_database, inquiry_template):
    """URL of a migrated, empty database of the inquiry service."""
    return new_database(inquiry_template)


@pytest.fixture
def demo_db(new_database, demo_template):
    """URL of an inquiry database with the demo registry."""
    return new_database(demo_template)


@pytest.fixture
def ticketing_db(new_database, ticketing_template):
    """URL of a ticketing database without tickets."""
    return new_database(ticketing_template)


@pytest.fixture
def billing_db(new_database, billing_template):
    """URL of a billing database without bills."""
    return new_database(billing_template)


@pytest.fixture
def notify_db(new_database, notify_template):
    """URL of a notify database without messages."""
    return new_database(notify_template)


@pytest.fixture
def agencies_db(new_database, agencies_template):
    """URL of a database of the agencies service, without agencies."""
    return new_database(agencies_template)


@pytest.fixture
def probe_db(new_database, probe_template):
    return new_database(probe_template)
