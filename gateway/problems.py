"""The one table from errors to problem details (RFC 9457), and a page's text for each code."""

from typing import Any, NamedTuple

from bus.errors import BusError

MEDIA_TYPE = "application/problem+json"
KIND_STATUS = {
    "ContractError": 422,
    "Unauthenticated": 401,
    "SignatureError": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "RuleBroken": 422,
    "TooMany": 429,
    "Unavailable": 503,
    "Internal": 500,
}
RETRY_SECONDS = 2


class Problem(NamedTuple):
    """What a code means to the engineer who meets it."""

    title: str
    what_to_do: str
    status: int | None = None  # where it differs from the status of its kind


class HttpError(BusError):
    """A refusal that HTTP alone knows: of a path, a method, a size, a media type."""

    def __init__(self, code: str, message: str, **headers: str) -> None:
        super().__init__(message, code=code)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


PROBLEMS: dict[str, Problem] = {
    "http.not_found": Problem("No such path", "See /openapi.json for all paths.", 404),
    "http.method": Problem("Method not allowed here", "Use a method that Allow names.", 405),
    "http.too_large": Problem(
        "The body is too large", "Send less; batches take larger bodies.", 413
    ),
    "http.media_type": Problem(
        "Media type not accepted", "Set Content-Type as the page of the contract says.", 415
    ),
    "http.not_acceptable": Problem(
        "No such form of the answer", "Set Accept to a form that the contract's page names.", 406
    ),
    "http.malformed": Problem("Not HTTP", "Send well-formed HTTP/1.1.", 400),
    "http.timeout": Problem("The request stood still", "Send it without pauses.", 408),
    "http.headers": Problem("The headers are too large", "Send fewer or shorter headers.", 431),
    "http.uri": Problem("The address is too long", "Shorten the query.", 414),
    "json.invalid": Problem("The body is not JSON", "Send one JSON object in UTF-8; no NaN.", 400),
    "json.member_twice": Problem(
        "A member of the body stands twice", "Name each member of an object once.", 400
    ),
    "json.too_deep": Problem(
        "The body is nested too deeply", "No contract needs more than a few levels.", 400
    ),
    "contract.broken": Problem(
        "The message does not follow its contract",
        "Mend the fields named in errors; unknown fields are refused.",
    ),
    "query.repeated": Problem(
        "A parameter of the query stands twice", "Name each parameter once.", 400
    ),
    "contract.unknown": Problem("No such contract", "See /openapi.json for all contracts."),
    "contract.not_granted": Problem(
        "No grant for this contract", "Ask the water company to grant it to your agency."
    ),
    "contract.grant_expired": Problem(
        "The grant has expired", "Ask the water company for a new one."
    ),
    "identity.key_expired": Problem("The key is out of date", "Register a new key and use it."),
    "signature.missing": Problem("The request is not signed", "Sign it by RFC 9421: docs/join.md."),
    "signature.malformed": Problem(
        "The signature headers cannot be read", "Compare them with the example in docs/join.md."
    ),
    "signature.component_missing": Problem(
        "The signature covers too little", "Cover all that docs/join.md lists."
    ),
    "signature.unknown_key": Problem("The key is not known", "Register it, or correct keyid."),
    "signature.algorithm": Problem("Another algorithm than Ed25519", "Sign with Ed25519."),
    "signature.expired": Problem("The signature has expired", "Sign again; check your clock."),
    "signature.not_yet_valid": Problem("The signature is of the future", "Set your clock."),
    "signature.too_long": Problem(
        "The signature lives too long", "Let expires be at most 300 seconds after created."
    ),
    "signature.nonce_missing": Problem(
        "No usable nonce", "Add a fresh nonce of 16 to 128 characters."
    ),
    "signature.replayed": Problem(
        "The nonce was used before", "Sign each request anew, with a fresh nonce."
    ),
    "signature.before_start": Problem(
        "Signed before this face was started",
        "Sign again; it cannot know whether it saw this one before.",
    ),
    "signature.ambiguous": Problem("Two signatures for us", "Send one signature with our tag."),
    "signature.bad": Problem(
        "The signature does not fit", "Compare your signature base with docs/join.md."
    ),
    "digest.missing": Problem("No Content-Digest", "Send Content-Digest (RFC 9530).", 400),
    "digest.malformed": Problem("Content-Digest cannot be read", "Write sha-256=:…:.", 400),
    "digest.unsupported": Problem("Another digest than ours", "Use sha-256 or sha-512.", 400),
    "digest.mismatch": Problem(
        "The body is not the one that was signed", "Send the very bytes that were signed.", 400
    ),
    "idempotency_key.invalid": Problem(
        "The Idempotency-Key cannot be read", "Send a quoted text of 16 to 128 characters.", 400
    ),
    "idempotency_key.reused": Problem(
        "The Idempotency-Key was used for another body", "Use a new key for a new question.", 422
    ),
    "limit.reached": Problem(
        "Your rate limit is used up", "Wait as Retry-After says; use a batch for many keys."
    ),
    "purpose.unknown": Problem("No such purpose", "State a purpose of the list."),
    "purpose.not_granted": Problem(
        "The purpose is not granted", "Ask the water company for a grant of this purpose."
    ),
    "grant.expired": Problem("The grant of this purpose has expired", "Ask for a new one."),
    "key_kind.not_for_purpose": Problem(
        "Not by this kind of key", "Ask by a kind that the purpose allows."
    ),
    "as_of.future": Problem(
        "The moment asked about lies ahead", "Leave as_of out to ask about now."
    ),
    "register.empty": Problem("The register is empty", "The water company has to load its export."),
    "answer.not_found": Problem("No such answer of yours", "Check the tracking code."),
    "batch.not_found": Problem("No such batch of yours", "Check the batch's id."),
    "batch.complete": Problem("The batch is complete", "Begin a new batch with a new key."),
    "batch.incomplete": Problem(
        "A part of the upload is missing", "Send the whole again with the same Idempotency-Key."
    ),
    "batch.empty": Problem("The upload is empty", "Send at least one line."),
    "batch.too_long": Problem("The batch is too long", "Send at most 100,000 lines.", 413),
    "batch.not_ready": Problem(
        "The batch is not done yet", "Ask batch_status until its state is DONE."
    ),
    "http.cross_site": Problem(
        "Sent from another site", "Open our own page and use the form there.", 403
    ),
    "form.malformed": Problem("The form cannot be read", "Send it again from our page.", 400),
    "field.wrong": Problem("A field is wrong", "Mend the fields named in errors."),
    "ticket.not_opened": Problem(
        "Code and secret do not belong together", "Compare both with what you were given.", 403
    ),
    "ticket.locked": Problem(
        "Too many wrong secrets", "Wait as Retry-After says, or use the link in our letter."
    ),
    "ticket.not_found": Problem("No such ticket", "Check the tracking code."),
    "ticket.changed": Problem(
        "Somebody else changed the ticket", "Read it again, then do it again."
    ),
    "ticket.move": Problem(
        "Not in this state of the ticket", "Read the ticket; `may` tells what can be done.", 409
    ),
    "ticket.has_joined": Problem("Others are joined with it", "Release them first.", 409),
    "slot.full": Problem("The time was taken", "Choose another one of slots."),
    "visit.not_booked": Problem("No visit is booked", "Choose a time first."),
    "office.not_found": Problem("No such office", "Use an office of the list."),
    "attachment.not_found": Problem("No such file", "Read the ticket for its files."),
    "attachment.held": Problem("Still being checked", "Try again in a minute."),
    "attachment.infected": Problem("The file is infected", "Send another one; this stays shut."),
    "attachment.gone": Problem("The file is gone", "Send it again."),
    "attachment.claim": Problem(
        "No such claim", "Upload the file at /v1/attachments within the last day.", 422
    ),
    "attachment.empty": Problem("The file is empty", "Choose a file with content.", 422),
    "attachment.type": Problem(
        "Not a kind of file that we take", "Send JPEG, PNG, WEBP, GIF, PDF or plain text.", 415
    ),
    "attachment.too_large": Problem("The file is too large", "Send at most 5 MiB a file.", 413),
    "attachment.too_many": Problem("Too many files", "Send at most five.", 422),
    "blob.not_found": Problem("The file is not in the store", "Send it again.", 404),
    "blob.damaged": Problem("The file is damaged", "Tell us the trace id."),
    "blob.too_large": Problem("The file is too large", "Send at most 5 MiB a file.", 413),
    "calendar.row_not_found": Problem("No such row", "Read the calendar again."),
    "desk.signed_out": Problem("Not signed in", "Sign in at /desk/sign-in."),
    "desk.not_signed_in": Problem("User name or password is wrong", "Try again."),
    "desk.locked": Problem("Too many wrong passwords", "Wait as Retry-After says."),
    "desk.unknown": Problem("No account at the desk", "Ask your supervisor."),
    "desk.role": Problem("Not in your role", "Ask the head of your unit."),
    "desk.unit": Problem("Another unit's ticket", "Ask that unit, or your supervisor."),
    "desk.oidc": Problem("The organisation's login was not accepted", "Sign in again."),
    "desk.oidc_unavailable": Problem(
        "The organisation's login cannot be reached", "Use your account of the desk."
    ),
    "desk.no_book": Problem(
        "The desk has no book", "Import it: python -m services.ticketing.books FOLDER.", 503
    ),
    "folder.not_found": Problem("No such export", "Put the sheets into the import folder first."),
    "load.not_found": Problem("No such import", "Check the import's id."),
    "service.unknown": Problem("No such service", "See /dead-letters for their names."),
    "service.absent": Problem("The service is not there", "Try again later; tell us if it lasts."),
    "broker.unreachable": Problem(
        "The bus cannot be reached", "Try again with the same Idempotency-Key."
    ),
    "broker.blocked": Problem("The bus takes nothing now", "Try again in a minute."),
    "broker.refused": Problem(
        "The bus did not take the message", "Try again with the same Idempotency-Key."
    ),
    "broker.slow": Problem(
        "The bus did not confirm the message", "Try again with the same Idempotency-Key."
    ),
    "database.busy": Problem(
        "Two requests were in each other's way", "Try again with the same Idempotency-Key."
    ),
    "inbox.race": Problem(
        "The same request is being worked on", "Wait a second, then ask with the same key."
    ),
    "message.unreadable": Problem("The message cannot be read", "Tell us the trace id."),
    "database.unreachable": Problem(
        "The service cannot reach its database", "Try again later with the same Idempotency-Key."
    ),
    "deadline.passed": Problem(
        "No answer in time",
        "Try again with the same Idempotency-Key: you get the first answer.",
        504,
    ),
    "reply.unreadable": Problem("The service's reply cannot be read", "Tell us the trace id."),
    "internal": Problem("Our fault", "Tell us the error_id."),
    "not_found": Problem("Not found", "Check what you asked for."),
    "conflict": Problem("Conflict", "Read the detail."),
    "unavailable": Problem("Not available now", "Try again later."),
}


def status_of(error: BusError) -> int:
    """The HTTP status of an error: its code's own, or that of its kind."""
    known = PROBLEMS.get(error.code)
    if known is not None and known.status is not None:
        return known.status
    return KIND_STATUS.get(error.kind, 500)


def describe(error: BusError, *, instance: str, trace_id: str | None) -> dict[str, Any]:
    """The members of a problem; ``check`` names the check that failed."""
    status = status_of(error)
    known = PROBLEMS.get(error.code)
    told: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": known.title if known else error.code,
        "status": status,
        "detail": error.message,
        "instance": instance,
        "code": error.code,
        "check": error.code.split(".", maxsplit=1)[0],
        "trace_id": trace_id,
    }
    if known:
        told["what_to_do"] = known.what_to_do
    if error.fields:
        told["errors"] = [
            {"field": f.field, "code": f.code, "detail": f.message} for f in error.fields
        ]
    if "error_id" in error.details:
        told["error_id"] = error.details["error_id"]
    return told


def headers(error: BusError, status: int) -> dict[str, str]:
    """The headers that a problem has beside its body: those its status asks for, and its own."""
    told = {"Cache-Control": "no-store", **getattr(error, "headers", {})}
    if status in (429, 503, 504):
        told["Retry-After"] = error.details.get("retry_after", str(RETRY_SECONDS))
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        told["WWW-Authenticate"] = 'Signature realm="mirab"'
    return told
