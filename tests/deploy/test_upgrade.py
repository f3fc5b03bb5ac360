"""Today's migrations over the data of an earlier Mirab.

tests/data/states holds what `pg_dump` wrote of each service's database a hundred commits before
the first release, when some of today's migrations had another text.
"""

import gzip
import subprocess

import pytest

from deploy.local.stores import postgres_binaries
from tests.databases import make_empty_database, make_role
from tests.environments import secrets_in
from tests.processes import ROOT, run_programs
from tests.stores import as_owner, execute

SERVICES = ("inquiry", "ticketing", "billing", "notify", "agencies")

SHAPE = """
select 'column', table_name || '.' || column_name,
    concat_ws(' ', data_type, is_nullable, column_default, is_identity)
    from information_schema.columns where table_schema = 'public'
union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace
union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
union all select 'function', proname, prosrc from pg_proc
    where pronamespace = 'public'::regnamespace
union all select 'grant', table_name || ' ' || grantee, privilege_type
    from information_schema.role_table_grants
    where table_schema = 'public' and grantee <> 'postgres'
order by 1, 2, 3
"""


def rows_of(db):
    """The number of rows of each table."""
    tables = [
        name
        for (name,) in execute(
            db, "select table_name from information_schema.tables where table_schema = 'public'"
        )
    ]
    return {name: execute(db, f'select count(*) from "{name}"')[0][0] for name in tables}


def restored(server, folder, service):
    """URL, for the service's role, of its database as it was."""
    make_role(server, service)
    name = f"before_{service}"
    execute(server.url("postgres"), f"create database {name}")
    dump = gzip.decompress((ROOT / f"tests/data/states/{service}.sql.gz").read_bytes())
    psql = postgres_binaries(folder) / "psql"
    done = subprocess.run(
        [psql, "-q", "-v", "ON_ERROR_STOP=1", server.url(name)],
        input=dump,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return server.url(name, service)


# Tables that have another name since the earlier state.
RENAMED = {"told": "subscriber_notices", "tellings": "notice_runs"}


@pytest.mark.parametrize("service", SERVICES)
def test_o8_an_earlier_database_becomes_what_a_new_one_is_and_loses_no_row(
    postgres, tmp_path, service
):
    db = restored(postgres, tmp_path, service)
    before = rows_of(db)
    assert sum(before.values()) > 1
    run_programs({"DB_URL": as_owner(db)}, ("bus", "migrate", f"services.{service}"))
    fresh = make_empty_database(postgres, f"services.{service}", f"fresh_{service}")
    assert execute(db, SHAPE) == execute(fresh, SHAPE)
    after = rows_of(db)
    assert {name: after.get(RENAMED.get(name, name)) for name in before} == before
    if service == "agencies":  # what `make up` does next, which had lost its right
        register = ("services.agencies.importing", "deploy/agencies")
        officers = ("--drafted-by", "karim", "--approved-by", "nader")
        run_programs({**secrets_in(tmp_path), "DB_URL": db}, (*register, *officers))
    execute(postgres.url("postgres"), f"drop database before_{service} with (force)")
    execute(postgres.url("postgres"), f"drop database fresh_{service} with (force)")
