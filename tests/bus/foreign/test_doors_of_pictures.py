"""Every way by which a picture comes in frees it of metadata, and a new way has to say how."""

import re

import pytest

from tests.processes import ROOT

PACKAGES = ("bus", "gateway", "services", "connector", "members", "people")
# Who has to do with the store of files, and what becomes of pictures there.
AT_THE_DOOR = {
    "gateway/forms/photos.py": "to_thread(without_metadata, ",
    "gateway/notify/sending.py": "to_thread(without_metadata, ",
}
# What comes in by these is cleaned by the chore before anybody opens it (`CLEAN`), or by the door.
LEAVES_TO = {
    "gateway/forms/multipart.py": "photos.keep(",
    "services/ticketing/mail/accepted_files.py": "Attachment(",
}
IN_THE_SERVICE = {"services/ticketing/chores/file_scanning.py": "without_metadata("}
# These hand a store on, read from it, count it, or keep in it what is no picture.
NO_PICTURE_COMES_IN = {
    "gateway/desk/api.py": "hands it on",
    "gateway/forms/downloads.py": "reads",
    "gateway/limits/budgets.py": "counts what forms bring (multipart.py)",
    "gateway/ops/desk/mail/letters.py": "reads",
    "gateway/ops/desk/pages.py": "hands it on",
    "gateway/ops/desk/ticket_files.py": "reads",
    "gateway/ops/desk/tickets.py": "hands it to forms (multipart.py)",
    "gateway/ops/notices/letters.py": "reads letters, which are PDF",
    "gateway/ops/notices/pages.py": "hands it on",
    "gateway/ops/staff/forms.py": "hands it to forms (multipart.py)",
    "gateway/papers/letters.py": "reads letters, which are PDF",
    "gateway/papers/pictures.py": "reads, and draws anew",
    "gateway/public/sent_files.py": "reads",
    "gateway/public/site/services.py": "hands it to forms (multipart.py)",
    "services/notify/govuk/entrypoints.py": "hands it on",
    "services/notify/govuk/letters.py": "deletes",
    "services/notify/govuk/sent_files.py": "scans and deletes",
    "services/notify/govuk/virus_scan.py": "scans letters, which are PDF",
    "services/ticketing/chores/cleanup.py": "deletes",
    "services/ticketing/context.py": "hands it on",
    "services/ticketing/desk/mail/incoming_mail.py": "keeps an e-mail as it came (.eml)",
    "services/ticketing/incoming_mail/filing.py": "hands it on",
    "services/ticketing/incoming_mail/queue.py": "hands it on",
}
DOORS = AT_THE_DOOR | LEAVES_TO | IN_THE_SERVICE
_STORE = re.compile(r"^from bus\.blobs import .*\b(Blobs|Writing)\b", re.MULTILINE)
_OPENS = re.compile(r"""state=.?["']CLEAN["']|["']CLEAN["'], None""")


def modules():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_every_module_with_a_store_of_files_says_what_becomes_of_pictures():
    """A new door fails here until it stands in a list above, and is shown by its own test."""
    using = {name for name, text in modules() if _STORE.search(text)}
    assert using == DOORS.keys() | NO_PICTURE_COMES_IN.keys()


@pytest.mark.parametrize(("module", "call"), DOORS.items(), ids=DOORS)
def test_each_door_does_what_it_says(module, call):
    assert call in (ROOT / module).read_text(encoding="utf-8")


def test_a_file_of_a_ticket_is_opened_by_nothing_but_what_cleans_pictures():
    opening = {
        name
        for name, text in modules()
        if name.startswith("services/ticketing/") and "/migrations/" not in name
        if _OPENS.search(text)
    }
    assert opening == IN_THE_SERVICE.keys()


def test_no_form_keeps_a_file_by_itself():
    """All forms are read by one reader, which hands pictures to photos.keep."""
    keeping = {
        name for name, text in modules() if re.search(r"blobs\.begin\(|writing\.keep\(", text)
    }
    assert {name for name in keeping if name.startswith("gateway/")} == {
        "gateway/forms/multipart.py"
    }
