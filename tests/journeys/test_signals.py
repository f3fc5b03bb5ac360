"""An agency asks, watches from its shell, and hears by key that something has changed."""

import json

from tests.processes import ROOT, run_module
from tests.stores import execute
from tests.waiting import wait_for

KEY = "9905251782"
# What an import writes for a source that it changed: the record before and after.
CHANGE = """
with old as (
    select v.id, v.file_no, v.data_version, v.record from source_versions v
    join source_keys k on k.version_id = v.id
    where k.kind = 'national_id' and k.value = %s and v.known_to is null limit 1
), new as (
    insert into source_versions (file_no, known_from, known_to, data_version, hash, record)
    select file_no, now() - interval '1 second', now(), data_version, gen_random_uuid(),
        jsonb_set(record, '{allocation}', '{"volume_m3_year": 1}')
    from old returning id
)
insert into signal_changes (kind, file_no, old_id, new_id, version, noted_at)
select 'record', old.file_no, old.id, new.id, old.data_version, now() from old, new
"""


def test_an_agency_watches_from_its_shell_and_hears_of_a_change_by_key(shared_face, tmp_path):
    environ = {
        "MIRAB_URL": str(shared_face),
        "MIRAB_KEY_FILE": str(ROOT / "deploy/local/demo_keys/fuel-co.pem"),
        "MIRAB_KEY_ID": "fuel-co-demo",
    }

    def shell(*words):
        output = run_module("connector", *words, folder=tmp_path, **environ)
        assert output.returncode == 0, output.stderr
        return output.stdout

    db = shared_face.inquiry["DB_URL"]
    matter = ("--purpose", "fuel_quota")
    shell("watch", *matter, KEY, "9900000013")
    shell("ask", *matter, "--key", KEY)
    execute(db, CHANGE.replace("%s", f"'{KEY}'"))
    due = "select count(*) from signals_due where agency = 'fuel-co'"
    wait_for(lambda: execute(db, due) != [(0,)], 60)
    execute(db, "update signals_due set due_at = now()")
    wait_for(lambda: execute(db, due) == [(0,)], 60)
    signals = map(json.loads, shell("signals", "--json").splitlines())
    # Other tests of this face sign as the same agency, and may have had its seed changed.
    (update,) = [signal for signal in signals if signal["type"] == "UPDATE"]
    assert update["watched"] == [{"kind": "national_id", "key": KEY, "purpose": "fuel_quota"}]
    assert KEY not in json.dumps(execute(db, "select signals::text from signals"))
    shell("unwatch", *matter, KEY, "9900000013")
    assert execute(db, "select count(*) from watches where agency = 'fuel-co'") == [(0,)]
