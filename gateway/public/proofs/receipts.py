"""What a receipt proves and what it does not, in the sentences that static/receipt.js has too."""

import datetime as dt
from collections.abc import Callable, Mapping

from bus.evidence.leaves import WITHOUT_CODE
from bus.evidence.receipts import Proven

PARTS = ("request", "answer")


def receipt_sentences(proven: Proven, texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the sentences ``proven`` and ``unproven``; ``texts`` are the portal's, by their names
    without ``receipt_``. An outcome that these lack is said by its own word.
    """
    leaf, terms = proven.leaf, proven.terms
    stated = texts.get(f"outcome_{leaf.outcome}", f"{leaf.outcome}: {{contract}} {{call}} {{at}}")
    sure = [
        stated.format(at=leaf.at, call=leaf.call, contract=leaf.contract, code=leaf.code),
        texts["terms"].format(
            agency=terms.agency or "–", purpose=terms.purpose or "–", grant=terms.grant or "–"
        ),
        *([texts["behalf"].format(behalf=terms.behalf)] if terms.behalf else []),
        texts["place"].format(index=proven.index, log=leaf.log, size=proven.head.checkpoint.size),
    ]
    unsure = [texts["truth"]]
    for part in PARTS:
        if part in proven.opened and (part == "request" or leaf.outcome in WITHOUT_CODE):
            sure.append(texts[f"{part}_opened"])
        elif part not in proven.opened:
            unsure.append(texts[f"{part}_closed"])
    for name, seconds in proven.head.witnesses.items():
        sure.append(texts["witness"].format(name=name, at=_moment(seconds)))
    if not proven.head.witnesses:
        unsure.append(texts["no_witness"])
    return {"proven": sure, "unproven": unsure}


def _moment(seconds: int) -> str:
    """Unix seconds as a text; such as no calendar has, which a witness may sign, stay numbers."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


NAMES = (
    *("outcome_answered", "outcome_accepted", "outcome_asked", "outcome_refused", "outcome_failed"),
    *("terms", "behalf", "place"),
    *("request_opened", "answer_opened", "request_closed", "answer_closed"),
    *("witness", "no_witness", "truth"),
)


def texts_of(speak: Callable[..., str]) -> dict[str, str]:
    """Return the portal's texts for ``receipt_sentences``."""
    return {name: speak(f"receipt_{name}") for name in NAMES}
