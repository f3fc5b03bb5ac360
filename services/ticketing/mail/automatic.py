"""Whether a machine wrote an e-mail, so that it is never answered (RFC 3834, section 2).

Headers decide; a subject may look like a machine's and be a person's.
"""

import re

from services.ticketing.mail.headers import Head

HOPS_MOST = 25
_AWAY = re.compile(
    r"out of (the )?office|automatic reply|auto.?reply|autoreply|vacation|automatische antwort|"
    r"réponse automatique|پاسخ (خودکار|اتوماتیک)|خارج از (اداره|دفتر)|مرخصی",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"(no|do[._-]?not)[._-]?reply|mailer-daemon|bounces?|daemon|root")


def reason(head: Head, null_sender: bool) -> str | None:
    """Why an e-mail must not be answered; None if its headers name no machine."""
    checks = (
        ("own", bool(head.raw("x-mirab-ticket"))),
        ("loop", len(head.all("received")) > HOPS_MOST),
        # RFC 3834, section 5
        ("auto_submitted", head.token("auto-submitted") not in ("", "no")),
        ("bulk", _is_bulk(head)),
        ("null_sender", null_sender or head.raw("return-path").strip() == b"<>"),
        ("auto_reply", any(_says_yes(head, name) for name in ("x-autoreply", "x-autorespond"))),
    )
    return next((code for code, holds in checks if holds), None)


def looks_so(head: Head, subject: str, sender: str) -> bool:
    """True if a machine may have written it: it becomes a ticket, and is not acknowledged."""
    suppressed = {word.strip() for word in head.text("x-auto-response-suppress").lower().split(",")}
    return (
        bool(_AWAY.search(subject))
        or bool(suppressed & {"all", "autoreply", "oof"})
        or bool(_NOBODY.fullmatch(sender.partition("@")[0]))
    )


def _is_bulk(head: Head) -> bool:
    if head.token("precedence") in ("bulk", "list", "junk", "auto_reply"):
        return True
    return any(head.raw(name) for name in ("list-id", "list-unsubscribe"))


def _says_yes(head: Head, name: str) -> bool:
    return head.token(name) not in ("", "no", "false")
