"""The proof of an own answer: its person chooses what it shows, and hands on a code or a text."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.inquiry.attestations import ATTEST_OWN, CHOICES, AttestOwn
from gateway.forms.multipart import read_fields
from gateway.papers import pdf
from gateway.public.proofs.views import label_of
from gateway.public.site import words
from gateway.public.site.access import OWN, CodeProof, with_proof
from gateway.public.site.pages import faults_of, show, status_of
from gateway.public.site.services import Services

# What most are asked for: is there a licence in force on that day.
USUAL = ("day", "status.group")


class OwnProofPages:
    """The page on which a person makes a proof; a sealed cookie holds code and secret."""

    door = OWN

    def __init__(self, services: Services, portal: str) -> None:
        self.services, self._portal = services, portal

    @with_proof
    async def page(self, request: Request, proof: CodeProof) -> Response:
        """GET /inquiry/mine/proof: what is to be shown."""
        return self._show(request, USUAL)

    @with_proof
    async def make(self, request: Request, proof: CodeProof) -> Response:
        """POST /inquiry/mine/proof: the proof of the chosen fields and no others."""
        values = await read_fields(request)
        chosen = tuple(name for name in CHOICES if name in values.get("field", ()))
        if words.choose(request, values):
            return self._show(request, chosen)
        if not chosen:
            fault = words.speaker(words.language(request))("proof_choose_some")
            return self._show(request, chosen, faults={"field": fault}, status=422)
        question = AttestOwn(code=proof.code, secret=proof.secret, fields=chosen)
        try:
            made = await self.services.ask(request, ATTEST_OWN, question)
        except BusError as error:
            faults = faults_of(request, error)
            return self._show(request, chosen, faults=faults, status=status_of(error))
        return self._show(request, chosen, text=made.sd_jwt)

    def _show(
        self,
        request: Request,
        chosen: tuple[str, ...],
        *,
        text: str = "",
        faults: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        lang = words.language(request)
        link = pdf.proof_link(self._portal, text) if text else None
        return show(
            request,
            "inquiry_proof",
            status,
            faults=faults,
            choices=[(name, label_of(name, lang), name in chosen) for name in CHOICES],
            text=text,
            link=link,
            code=pdf.qr(link, "m") if link else None,
        )


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of proofs of own answers."""
    own = OwnProofPages(services, portal)
    return [
        Route("/inquiry/mine/proof", own.page, methods=["GET"]),
        Route("/inquiry/mine/proof", own.make, methods=["POST"]),
    ]
