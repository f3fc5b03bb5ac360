"""Files that wait in a form: uploaded with it, and carried by a preview or an error."""

from collections.abc import Iterable
from typing import NamedTuple

from bus.foreign.filetypes import FILES_MOST
from gateway.forms.multipart import Claim, SubmittedForm
from gateway.ops.desk.ticket_files import kind_of, size_of
from gateway.ops.staff.session import Desk

# A file that no ticket claims is deleted after a day (services/ticketing/chores/cleanup.py).
CLAIM_SECONDS = 12 * 3600
FIELD, DROP = "claim", "drop"


class WaitingFile(NamedTuple):
    """A file of a form, sealed so that a page can carry it."""

    claim: Claim
    sealed: str

    @property
    def kind(self) -> str:
        return kind_of(self.claim.type)

    @property
    def size(self) -> str:
        return size_of(self.claim.size)


def waiting(desk: Desk, form: SubmittedForm) -> list[WaitingFile]:
    """Return the files of a form: those it brings, and those that an earlier page has kept."""
    kept = (_opened(desk, sealed) for sealed in form.values.get(FIELD, []))
    dropped = form.values.get(DROP, [])
    claims = [*(claim for claim in kept if claim is not None), *form.claims]
    unique = {claim.sha256: claim for claim in claims if claim.sha256 not in dropped}
    return [
        WaitingFile(claim, _sealed(desk, claim)) for claim in list(unique.values())[:FILES_MOST]
    ]


def carry(form: SubmittedForm, files: Iterable[WaitingFile]) -> None:
    """Let the form carry its files, for a page that shows it again."""
    form.values[FIELD] = [file.sealed for file in files]


def _sealed(desk: Desk, claim: Claim) -> str:
    return desk.seals.seal({"file": claim._asdict()})


def _opened(desk: Desk, sealed: str) -> Claim | None:
    data = (desk.seals.open(sealed, CLAIM_SECONDS) or {}).get("file")
    if not isinstance(data, dict):
        return None
    return Claim(str(data["sha256"]), int(data["size"]), str(data["type"]), str(data["name"]))
