"""A row that nobody can attribute may be anybody's: while it stands there, nothing is withdrawn."""

import csv
import os
import shutil

import pytest

from services.inquiry.load import main
from tests.processes import ROOT, run_main
from tests.stores import execute


class Export:
    """A copy of the small registry that a test spoils, and loads."""

    def __init__(self, folder, db):
        self.folder, self.db = folder, db
        shutil.copytree(ROOT / "tests/data/registry", folder)

    def rows(self, name):
        with (self.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def write(self, name, rows):
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def load(self):
        done = run_main(main, self.folder, "--report", os.devnull, DB_URL=self.db)
        assert done.returncode == 0, done.stderr

    def current(self, sql):
        return execute(self.db, sql)


@pytest.fixture
def export(tmp_path, inquiry_db):
    made = Export(tmp_path / "export", inquiry_db)
    made.load()
    return made


def test_a_decree_whose_number_cannot_be_read_withdraws_none(export):
    before = export.current("select number from decrees where known_to is null order by number")
    rows = export.rows("decrees")
    # Twenty-five more, so that one missing is below the guard against many removals.
    more = [{**rows[0], "شماره": f"99/{n}"} for n in range(25)]
    export.write("decrees", rows + more)
    export.load()
    spoilt = [dict(row) for row in rows + more]
    spoilt[0]["شماره"] = ""
    export.write("decrees", spoilt)
    export.load()
    after = {row[0] for row in export.current("select number from decrees where known_to is null")}
    assert {row[0] for row in before} <= after


@pytest.mark.parametrize(
    ("sheet", "member"), [("partners", "partners"), ("violations", "violations")]
)
@pytest.mark.parametrize("number", ["", "9999999/9"])
def test_a_row_with_a_bad_file_number_removes_no_member_of_a_list(export, sheet, member, number):
    count = (
        f"select sum(jsonb_array_length(record->'{member}')) from source_versions "
        "where known_to is null"
    )
    before = export.current(count)
    rows = export.rows(sheet)
    rows[0]["شماره پرونده"] = number
    export.write(sheet, rows)
    export.load()
    assert export.current(count) == before


def test_a_partner_who_is_really_gone_is_removed_when_every_row_is_clear(export):
    rows = export.rows("partners")
    clear = [row for row in rows if row["شماره پرونده"]]
    export.write("partners", clear)
    export.load()
    changed = "from source_versions where known_to is null and record->'partners' <> '[]'"
    current = f"select count(*) {changed}"
    before = export.current(current)[0][0]
    matched = {row[0] for row in export.current(f"select file_no {changed}")}
    from iran.persian import fold_digits

    first = next(
        fold_digits(row["شماره پرونده"]).strip()
        for row in clear
        if fold_digits(row["شماره پرونده"]).strip() in matched
    )
    left = [
        row
        for row in clear
        if fold_digits(row["شماره پرونده"]).strip() != first
        and fold_digits(row["شماره پرونده"]).strip() in matched
    ]
    export.write("partners", left)
    export.load()
    assert export.current(current)[0][0] == before - 1
