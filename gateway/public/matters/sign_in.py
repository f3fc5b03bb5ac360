"""Signing in to "my matters": mobile and national ID, then the code that came by SMS.

Page, words and time are the same whatever is on file; only the telephone tells.
"""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, TooMany, Unavailable
from contracts.inquiry import persons as contracts
from contracts.notify.persons import Person
from contracts.ticketing.lost_secrets import CodeReceipt
from contracts.ticketing.persons import ON_FILE
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.matters.level_time import level_time
from gateway.public.matters.session import (
    MY,
    Pending,
    is_known,
    keep_pending,
    keep_session,
    leave,
    pending_of,
    session_of,
    to,
)
from gateway.public.site import words
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.services import Services


class SignInPages:
    """The two forms, and the way out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def form(self, request: Request, typed: Texts, faults: Texts, status: int = 200) -> Response:
        """Show the first form."""
        query = request.query_params
        note = next((name for name in ("ended", "left") if name in query), "")
        return show(request, "my_sign_in", status, typed=typed, faults=faults, note=note)

    async def begin(self, request: Request) -> Response:
        """POST /my: send a code to the mobile, if it stands on file with this ID."""

        async def begin(typed: Texts) -> Response:
            filled = {name: text for name, text in typed.items() if text}
            message = contracts.BEGIN_SIGN_IN.load({**filled, "language": words.language(request)})
            async with level_time():
                receipt = await self._begin(request, message)
            response = to(f"{MY}/code")
            pending = Pending(message.mobile, message.national_id, receipt.request_id)
            keep_pending(self._services, request, response, pending)
            return response

        return await submit(
            request,
            ("mobile", "national_id"),
            lambda typed, faults, status: self.form(request, typed, faults, status),
            begin,
        )

    async def _begin(self, request: Request, message: contracts.BeginSignIn) -> CodeReceipt:
        person = Person(mobile=message.mobile, national_id=message.national_id)
        try:
            stated = (await self._services.ask(request, ON_FILE, person)).since is not None
        except Unavailable:  # whom the registry or an inquiry knows gets a code all the same
            stated = False
        question = contracts.BeginSignIn(
            mobile=message.mobile,
            national_id=message.national_id,
            language=message.language,
            stated=stated,
            own_browser=is_known(self._services, request, person),
        )
        return await self._services.ask(request, contracts.BEGIN_SIGN_IN, question)

    async def code_page(self, request: Request) -> Response:
        """GET /my/code: the form for the code."""
        if pending_of(self._services, request) is None:
            return to(MY)
        return self._code(request, {}, self._services.acts.new_form())

    def _code(self, request: Request, faults: Texts, form: str, status: int = 200) -> Response:
        return show(request, "my_code", status, faults=faults, form=form)

    async def enter(self, request: Request) -> Response:
        """POST /my/code: the code opens a new session; one form sent twice opens one."""
        pending = pending_of(self._services, request)
        if pending is None:
            return to(f"{MY}?ended=1")
        values = await read_fields(request)
        acts = self._services.acts
        form, pin = acts.form_or_new(text_of(values, "form")), text_of(values, "pin")
        if words.choose(request, values):
            return self._code(request, {}, acts.seal(form))
        # Nobody who plants a form or a cookie here knows the token that will follow from it.
        token = acts.secret_of(contracts.SIGN_IN.name, form.id, {**pending._asdict(), "pin": pin})
        message = contracts.SignIn(**pending._asdict(), pin=pin, token=token)
        try:
            await self._services.ask(request, contracts.SIGN_IN, message, id=form.id)
        except BusError as error:
            faults = {name or "pin": text for name, text in faults_of(request, error).items()}
            again = acts.seal(form) if isinstance(error, Unavailable) else acts.new_form()
            return self._code(request, faults, again, status_of(error))
        response = to(MY)
        proof = contracts.SessionProof(
            mobile=pending.mobile, national_id=pending.national_id, token=token
        )
        keep_session(self._services, request, response, proof)
        return response

    async def leave(self, request: Request) -> Response:
        """POST /my/leave: end the session, here and where it is kept.

        The browser forgets it also while that is away: whoever leaves a borrowed one has left. What
        somebody may have copied ends by its half hour then.
        """
        proof = session_of(self._services, request)
        if proof is not None:
            question = contracts.SessionToken(token=proof.token)
            with suppress(Unavailable, TooMany):
                await asyncio.shield(self._services.ask(request, contracts.SIGN_OUT, question))
        return leave(to(f"{MY}?left=1"))


def routes(services: Services) -> list[Route]:
    """Return the routes of signing in and out, but for the first form, which stands at /my."""
    pages = SignInPages(services)
    return [
        Route(MY, pages.begin, methods=["POST"]),
        Route(f"{MY}/code", pages.code_page, methods=["GET"]),
        Route(f"{MY}/code", pages.enter, methods=["POST"]),
        Route(f"{MY}/leave", pages.leave, methods=["POST"]),
        Route(f"{MY}/leave", leads_to(MY), methods=["GET"]),
    ]
