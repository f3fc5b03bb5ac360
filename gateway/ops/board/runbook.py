"""What the runbook says of a finding, shown beside it: a section of docs/fa/runbook.md."""

import re
from functools import cache
from typing import NamedTuple

from markupsafe import Markup

from gateway.html.guides import FOLDER
from gateway.html.markdown import page, slug

FILE = "fa/runbook.md"
HEADING = re.compile(r"^#{2,3} (\S+)$", re.MULTILINE)
# Codes without a section of their own → the section that tells of them.
LIKE = {
    "part.unreadable": "part.other",
    "loop.ended": "starting",
    "check.hangs": "check.failed",
    "folder.low": "folder.full",
    "folder.unusable": "folder.full",
    "broker.unreachable": "BrokerDown",
    "broker.blocked": "BrokerBlocked",
    "database.busy": "database.locked",
    "database.conflict": "database.locked",
    "database.not_migrated": "database.refused",
    "outbox.late": "OutboxStuck",
    "outbox.unknown": "OutboxStuck",
    "mail.refuses": "mail.away",
    "service.absent": "ServiceDown",
    "deadline.passed": "ServiceDown",
    "secret.other": "secret.missing",
    "receipts.leaves_lost": "ReceiptsBroken",
    "receipts.rewritten": "ReceiptsBroken",
}


class Section(NamedTuple):
    """A section: its heading, and what it says as HTML."""

    heading: str
    html: Markup

    @property
    def id(self) -> str:
        """Its id on the page of the whole runbook."""
        return slug(self.heading)


@cache
def sections() -> dict[str, Section]:
    """Return all sections by their headings."""
    parts = HEADING.split((FOLDER / FILE).read_text(encoding="utf-8"))[1:]
    return {
        heading: Section(heading, page(text.strip(), lambda href: href).html)
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def section_of(code: str) -> Section:
    """Return the section for a code of a finding; that of the signed question for a refusal."""
    return sections().get(LIKE.get(code, code)) or sections()["self-call"]
