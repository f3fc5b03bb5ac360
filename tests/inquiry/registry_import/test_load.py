"""What imports make of the register: versions, history, duplicates, removals."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.database.marks import Marks
from bus.errors import Unavailable
from services.inquiry.registry import lookup
from services.inquiry.registry.lookup import Key
from services.inquiry.registry_import.run import load
from services.inquiry.registry_import.sheets import LoadFailed
from tests.inquiry.domain.registry_rows import DECREE, PARTNER, UNLICENSED, VIOLATION
from tests.inquiry.registry_import.exports import EXPIRY, FILE, ID, IDS, counts, find, reported
from tests.stores import execute


def test_the_same_export_twice_changes_nothing(store, inquiry_db, export):
    load(store, export.write())
    before = counts(inquiry_db)
    again = load(store, export.write())
    assert not again.changed
    assert again.data_version == 1
    assert counts(inquiry_db) == before == (5, 26, 1, 1, 1)


def test_o6_a_restored_register_makes_no_data_version_that_answers_have_named(
    store, inquiry_db, export, tmp_path
):
    store.marks = Marks(tmp_path)
    assert load(store, export.write()).data_version == 1
    store.marks.raise_to({"inquiry.data_version": 7})  # what was made after the backup
    export.sheets["partners"].append({**PARTNER, FILE: "2/1", "کد ملی": IDS[0]})
    assert load(store, export.write()).data_version == 8
    assert store.marks.highest("inquiry.data_version") == 8


def test_another_order_of_rows_changes_nothing(store, export):
    export.sheets["partners"].append({**PARTNER, FILE: "1/1", "کد ملی": IDS[0]})
    load(store, export.write())
    for rows in export.sheets.values():
        rows.reverse()
    assert not load(store, export.write()).changed


def test_a_source_is_found_by_each_of_its_keys_and_by_its_partner(store, export):
    load(store, export.write())
    keys = [
        ("national_id", IDS[1]),
        ("national_id", PARTNER["کد ملی"]),
        ("licence_no", "۸۳/۱ "),
        ("file_no", " ۱/١"),
        ("subscription_code", "5001"),
    ]
    with store.transaction() as tx:
        matches = lookup.find(
            tx.conn, [Key(kind, value, None) for kind, value in [*keys, ("file_no", "77/1")]]
        )
    records = [of_key.records for of_key in matches]
    assert [[f.record["file_no"] for f in of_key] for of_key in records] == [["1/1"]] * 5 + [[]]
    assert records[0][0].record["partners"] == [
        {"id_kind": "national_id", "id": "9923163172", "name": "یاسر یوسفی", "share_dang": 1.5}
    ]
    assert records[0][0].record["violations"] == []


def registers_at(store, *moments):
    """The data version of each moment (None for now), and the decrees of that version."""
    with store.transaction() as tx:
        matches = lookup.find(tx.conn, [Key("file_no", "3/1", moment) for moment in moments])
        versions = lookup.data_versions(tx.conn, {match.version for match in matches})
    return [(m.version, versions[m.version].decrees if m.version else []) for m in matches]


def test_one_key_of_many_sources_finds_all_in_the_order_of_their_file_numbers(store, export):
    load(store, export.write())
    records = find(store, "electricity_subscription", "4063592512882")
    assert [f.record["file_no"] for f in records] == ["0/1", "1/1", "2/1", "3/1", "4/1"]


def test_a_newer_export_keeps_what_was_known_before(store, export):
    load(store, export.write())
    between = datetime.now(UTC)
    export.sources[3][EXPIRY] = "1410/01/01"
    newer = load(store, export.write())
    assert (newer.data_version, newer.sources_changed, newer.sources_added) == (2, 1, 0)
    now, then = (find(store, "file_no", "3/1", moment)[0] for moment in (None, between))
    assert (now.record["licence"]["expires_on"], now.data_version) == ("2031-03-21", 2)
    assert (then.record["licence"]["expires_on"], then.data_version) == ("2007-09-05", 1)
    assert then.known_from < between < now.known_from
    assert [version for version, _ in registers_at(store, between, None)] == [1, 2]


def test_a_moment_before_the_first_load_is_answered_from_the_first(store, export):
    load(store, export.write())
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    records = find(store, "file_no", "3/1", long_ago)
    assert [f.data_version for f in records] == [1]
    assert records[0].known_from > long_ago
    ((version, decrees),) = registers_at(store, long_ago)
    assert (version, len(decrees)) == (1, 1)


def test_before_any_load_nothing_is_found_and_the_data_version_is_zero(store):
    assert find(store, "file_no", "3/1") == find(store, "file_no", "3/1", datetime.now(UTC)) == []
    assert registers_at(store, None, datetime.now(UTC)) == [(0, []), (0, [])]


def test_a_new_partner_is_a_new_version_of_the_source(store, export):
    load(store, export.write())
    export.sheets["partners"].append({**PARTNER, FILE: "3/1", "کد ملی": IDS[5]})
    assert load(store, export.write()).sources_changed == 1
    assert [f.record["file_no"] for f in find(store, "national_id", IDS[5])] == ["3/1"]


def test_decrees_are_kept_with_their_versions(store, export):
    load(store, export.write())
    between = datetime.now(UTC)
    export.sheets["decrees"] = [{**DECREE, "تمدید تا": "1399/12/01"}]
    assert load(store, export.write()).decrees_changed == 1
    (_, then), (_, now) = registers_at(store, between, None)
    assert [d["extended_to"] for d in then] == ["2020-09-21"]
    assert [d["extended_to"] for d in now] == ["2021-02-19"]


def test_missing_sources_are_closed_only_up_to_five_percent(store, inquiry_db, export):
    load(store, export.write())
    gone = export.sources.pop()
    with pytest.raises(LoadFailed, match="1 of 5 known sources") as refused:
        load(store, export.write())
    assert refused.value.code == "load.removals"
    assert counts(inquiry_db)[3] == 1
    result = load(store, export.write(), allow_removals=True)
    assert (result.data_version, result.sources_removed) == (2, 1)
    assert find(store, "file_no", gone[FILE]) == []
    before = execute(inquiry_db, "select known_from from data_versions where version = 1")[0][0]
    assert len(find(store, "file_no", gone[FILE], before)) == 1
    export.sources.append(gone)
    assert load(store, export.write()).sources_added == 1


def test_a_decree_that_vanishes_needs_the_same_permission(store, export):
    load(store, export.write())
    export.sheets["decrees"] = []
    with pytest.raises(LoadFailed, match="known decrees"):
        load(store, export.write())


@pytest.mark.parametrize(
    "spoiled",
    [
        {ID: "9900000014"},
        {EXPIRY: "1405/12/30"},
        {FILE: ""},
        {FILE: "1/1"},
        {FILE: "", EXPIRY: "?"},
    ],
)
def test_a_source_whose_row_is_bad_now_keeps_what_was_known(store, export, spoiled):
    load(store, export.write())
    export.sources[3].update(spoiled)
    result = load(store, export.write())
    assert (result.changed, result.bad_rows) == (False, 1)
    assert len(find(store, "file_no", "3/1")) == 1


def test_a_bad_partner_row_keeps_the_known_partners_and_takes_the_rest(store, export):
    load(store, export.write())
    export.sheets["partners"][0]["سهم (دانگ)"] = "۷"
    export.sources[1][EXPIRY] = "1410/01/01"
    assert load(store, export.write()).sources_changed == 1
    record = find(store, "file_no", "1/1")[0].record
    assert record["licence"]["expires_on"] == "2031-03-21"
    assert [p["share_dang"] for p in record["partners"]] == [1.5]


def test_nothing_is_closed_while_a_row_cannot_be_attributed(store, export):
    load(store, export.write())
    export.sources.pop()
    folder = export.write()
    with (folder / "sources.csv").open("a", encoding="utf-8") as file:
        file.write("shifted,row\n")
    result = load(store, folder)
    assert (result.changed, result.bad_rows) == (False, 1)
    assert reported(result) == [("sources.csv", 6, "", "row.too_few_cells")]


def test_the_later_rows_of_a_file_number_used_thrice_are_reported_and_name_the_first(store, export):
    export.sources[3][FILE] = "۰/۱"
    export.sources[4][FILE] = " 0/1"
    result = load(store, export.write())
    assert reported(result) == [("sources.csv", line, FILE, "file_no.twice") for line in (5, 6)]
    assert find(store, "file_no", "0/1")[0].record["holder"]["id"] == IDS[0]
    assert "Line 2 has the same number" in Path(result.report).read_text("utf-8-sig")


def test_a_partner_or_violation_of_an_unknown_source_is_reported(store, export):
    export.sheets["partners"].append({**PARTNER, FILE: "77/1"})
    export.sheets["violations"].append({**VIOLATION, FILE: "78/1"})
    assert reported(load(store, export.write())) == [
        ("partners.csv", 3, FILE, "file_no.unknown"),
        ("violations.csv", 3, FILE, "file_no.unknown"),
    ]


def test_a_second_load_at_once_is_refused_in_one_sentence(store, export):
    export.write()
    in_the_middle, go_on = threading.Event(), threading.Event()

    def wait(progress):
        if progress.step == "writing":
            in_the_middle.set()
            assert go_on.wait(20)

    first = threading.Thread(target=load, args=(store, export.folder), kwargs={"progress": wait})
    first.start()
    assert in_the_middle.wait(20)
    try:
        with pytest.raises(LoadFailed, match="Another load is running") as refused:
            load(store, export.folder, report=export.folder / "second.csv")
        assert refused.value.code == "load.busy"
    finally:
        go_on.set()
        first.join(20)
    assert load(store, export.folder).data_version == 1


def test_a_load_that_breaks_off_leaves_nothing(store, inquiry_db, export):
    def cut(progress):
        if progress.step == "writing":
            execute(
                inquiry_db,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()",
            )

    with pytest.raises(Unavailable, match="The database cannot be reached"):
        load(store, export.write(), progress=cut)
    assert counts(inquiry_db) == (0, 0, 0, 0, 0)
    assert load(store, export.folder).sources_added == 5


def test_unlicensed_sources_have_no_licence_key(store, inquiry_db, export):
    export.sources[0].update(UNLICENSED)
    load(store, export.write())
    records = execute(inquiry_db, "select count(*) from source_keys where kind = 'licence_no'")
    assert records == [(4,)]
