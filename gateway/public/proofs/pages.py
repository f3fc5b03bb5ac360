"""POST /verify: somebody hands in a proof of ours, and reads what it proves and what it does not.

A browser with a script verifies what stands behind ``#`` by itself (static/verify.js); then
nothing of it comes here. Nothing that comes here is kept.
"""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, SignatureError
from bus.evidence.errors import EvidenceError
from bus.evidence.notes import TrustedKeys
from bus.evidence.receipts import Receipt
from bus.messages.message import to_wire
from bus.signatures.sd_jwt import IssuerKey, SdJwt, keys_of_jwks
from contracts.inquiry.attestations import ATTESTATION_KEYS, KIND
from contracts.notify.announcements import Nothing
from gateway import web
from gateway.forms.small_files import read_small_form
from gateway.http.origin import for_every_site
from gateway.papers.proof_in_pdf import HEAD
from gateway.public.proofs import views
from gateway.public.proofs.receipts import receipt_sentences, texts_of
from gateway.public.proofs.submitted import CODE, RECEIPT, SIGNED, Submitted, recognize
from gateway.public.site import words
from gateway.public.site.pages import show, status_of
from gateway.public.site.services import Services, address_of

# A paper of ours has some 100 KB, a receipt some 10.
MOST_BYTES, MOST_CODE = 2 * 1024 * 1024, 60
NOT_HELD, TOO_LARGE, BUSY = 422, 413, 503
# What says nothing about a proof, neither for nor against it.
UNDECIDED = ("proof_receipt_offline", "proof_no_keys", "proof_busy", "proof_empty")
# A PDF counts as so many guesses of its address; so many may wait for the one that is read.
PDF_COST, MOST_WAITING = 5, 10
KEPT_FOR = {"Cache-Control": "max-age=300"}


class ProofPages:
    """What the routes share."""

    def __init__(self, services: Services, receipt_keys: str) -> None:
        self._services, self._turn, self._waiting = services, asyncio.Lock(), 0
        self._trusted = TrustedKeys.parse(receipt_keys) if receipt_keys else None

    async def keys(self, request: Request) -> Response:
        """GET /.well-known/jwks.json: by which keys proofs are verified."""
        reply = await self._services.ask_kept(request, ATTESTATION_KEYS, Nothing())
        return web.json_response(to_wire(reply), headers=KEPT_FOR)

    async def verify(self, request: Request) -> Response:
        """POST /verify: ``file`` or ``proof``, whichever is there."""
        form = await read_small_form(request, MOST_BYTES)
        if form.too_large:
            return self._refuse(request, "proof_too_large", TOO_LARGE)
        content = form.parts.get("file") or form.parts.get("proof", b"")
        # Reading costs us more than sending costs a stranger, and a PDF costs a child process.
        is_pdf = content.startswith(HEAD)
        self._services.guesses.take(address_of(request), PDF_COST if is_pdf else 1)
        if not is_pdf:
            submitted = await recognize(content)
        elif self._waiting < MOST_WAITING:
            submitted = await self._in_turn(content)
        else:
            return self._refuse(request, "proof_busy", BUSY)
        if submitted.kind == CODE:
            return RedirectResponse(f"/v1/verify/{submitted.text}", 303)
        if submitted.kind == RECEIPT:
            return self._receipt(request, submitted.text)
        if submitted.kind == SIGNED:
            return await self._signed(request, submitted)
        return self._refuse(request, submitted.fault)

    async def _in_turn(self, content: bytes) -> Submitted:
        """Read PDFs one by one, so that photos of complaints keep their places."""
        self._waiting += 1
        try:
            async with self._turn:
                return await recognize(content)
        finally:
            self._waiting -= 1

    async def _signed(self, request: Request, submitted: Submitted) -> Response:
        try:
            keys = await self._keys(request)
        except BusError as error:
            return self._refuse(request, "proof_no_keys", status_of(error))
        try:
            shown = SdJwt.parse(submitted.text).verify(KIND, keys, now=time.time())
        except SignatureError as error:
            return self._refuse(request, f"proof_fault_{error.code.removeprefix('sd_jwt.')}")
        lang = words.language(request)
        code = shown.fields.get("verification_code")
        return show(
            request,
            "verify_proof",
            shown=shown,
            rows=views.rows_of(shown, lang),
            day=views.issued_day(shown),
            undecided=views.is_undecided(shown),
            code=code if isinstance(code, str) and len(code) <= MOST_CODE else "",
        )

    def _receipt(self, request: Request, text: str) -> Response:
        """What a receipt proves on the word of RECEIPT_KEYS, as /receipts says it by its script."""
        if self._trusted is None:
            return self._refuse(request, "proof_receipt_offline")
        try:
            proven = Receipt.parse(text.encode()).verify(self._trusted)
        except EvidenceError as error:
            return self._refuse(request, f"receipt_{error.code.replace('evidence.', 'fault_')}")
        texts = texts_of(words.speaker(words.language(request)))
        return show(request, "verify_receipt", verdict=receipt_sentences(proven, texts))

    async def _keys(self, request: Request) -> dict[str, IssuerKey]:
        reply = await self._services.ask_kept(request, ATTESTATION_KEYS, Nothing())
        return keys_of_jwks(to_wire(reply))

    @staticmethod
    def _refuse(request: Request, key: str, status: int = NOT_HELD) -> Response:
        return show(
            request, "verify_proof", status, shown=None, fault=key, unknown=key in UNDECIDED
        )


def routes(services: Services, receipt_keys: str) -> list[Route]:
    """The routes of proofs; ``receipt_keys`` are those of log and witnesses (RECEIPT_KEYS)."""
    pages = ProofPages(services, receipt_keys)
    return [
        Route("/verify", pages.verify, methods=["POST"]),
        Route("/.well-known/jwks.json", for_every_site(pages.keys)),
    ]
