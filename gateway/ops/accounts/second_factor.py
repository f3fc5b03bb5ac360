"""The pages of the second factor and of one's own account, on every face of colleagues.

Codes of an app work without JavaScript; passkeys need a little of it, on these pages alone.
"""

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, Forbidden, NotFound, TooMany, Unauthenticated
from contracts.ticketing import accounts
from gateway.forms.fields import whole_or_none
from gateway.forms.values import value_of
from gateway.html import rendering
from gateway.http.problems import status_of
from gateway.ops.accounts import words
from gateway.ops.accounts.sign_in import text_form
from gateway.ops.staff.session import Desk, colleague_of, digest_of, new_cookie

ACTS = ("password", "end", "remove", "reset")
TITLE_MOST, SEED_MOST, SEED_URI_MOST = 60, 64, 400


class SecondFactorPages:
    """The pages on which colleagues prove and manage their second factor."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self._at = desk, desk.face.at
        self._home = desk.face.at or "/"

    # --- proving ---

    async def page(self, request: Request) -> Response:
        """GET /second-factor: a form for the proof, or what can be added."""
        colleague = self.desk.session(request)
        if colleague.factor is not None:
            return RedirectResponse(f"{self._at}/account", 303)
        return await self._page(request, None)

    async def _page(self, request: Request, error: BusError | None) -> Response:
        colleague, options = self.desk.session(request), None
        if "passkey" in colleague.factors:
            question = accounts.Enrolment(
                **self.desk.of_session(request), origin=self._origin(request), kind="passkey"
            )
            reply = await self.desk.ask_as_desk(request, accounts.PASSKEY_OPTIONS, question)
            options = reply.options
        return self._show("second_factor", error, colleague=colleague, options=options)

    async def prove(self, request: Request) -> Response:
        """POST /second-factor: a code, a recovery code or a passkey."""
        values = await self._form(request)
        cookie = new_cookie()
        proof = accounts.Confirmation(
            **self.desk.of_session(request),
            origin=self._origin(request),
            proof=values["proof"].strip(),
            renewed=digest_of(cookie),
        )
        try:
            reply = await self.desk.ask_as_desk(request, accounts.CONFIRM_SESSION, proof)
        except Unauthenticated:
            raise
        except BusError as error:
            return await self._page(request, error)
        response = RedirectResponse(self._home, 303)
        self.desk.sit(request, response, cookie)
        self.desk.remember_device(request, response, colleague_of(reply).username)
        return response

    # --- adding ---

    async def enrol(self, request: Request) -> Response:
        """POST /second-factor/enrol: a secret for an app as a QR code, or a passkey."""
        values = await self._form(request)
        enrolment = accounts.Enrolment(
            **self.desk.of_session(request), origin=self._origin(request), kind=values["kind"]
        )
        try:
            reply = await self.desk.ask_as_desk(request, accounts.ENROL_FACTOR, enrolment)
        except (Unauthenticated, Forbidden, TooMany):
            raise
        except BusError as error:
            proven = self.desk.session(request).factor is not None
            return await (self._account if proven else self._page)(request, error)
        return self._enrolling(reply, None)

    def _enrolling(self, reply: accounts.Enrolling, error: BusError | None) -> Response:
        image = segno.make(reply.seed_uri, error="m") if reply.seed_uri else None
        picture = image.svg_data_uri(scale=4, border=3) if image else None
        return self._show("second_factor_new", error, enrolling=reply, picture=picture)

    async def finish(self, request: Request) -> Response:
        """POST /second-factor/finish: the first proof; the recovery codes are shown once."""
        values = await self._form(request)
        cookie = new_cookie()
        proof = accounts.FinishEnrolment(
            **self.desk.of_session(request),
            origin=self._origin(request),
            proof=values["proof"].strip(),
            title=values["title"].strip()[:TITLE_MOST],
            factor=whole_or_none(values["factor"]),
            renewed=digest_of(cookie),
        )
        try:
            reply = await self.desk.ask_as_desk(request, accounts.FINISH_FACTOR, proof)
        except (Unauthenticated, Forbidden, TooMany):
            raise
        except BusError as error:
            if not values["seed_uri"].startswith("otpauth://totp/"):
                return await self._account(request, error)
            again = accounts.Enrolling(
                factor=proof.factor,
                seed=values["seed"][:SEED_MOST],
                seed_uri=values["seed_uri"][:SEED_URI_MOST],
                options=None,
            )
            return self._enrolling(again, error)
        response: Response = RedirectResponse(f"{self._at}/account?done=added", 303)
        if reply.recovery_codes:
            response = self._show("recovery_codes", None, codes=reply.recovery_codes)
        self.desk.sit(request, response, cookie)
        return response

    # --- one's own account ---

    async def account(self, request: Request) -> Response:
        """GET /account: one's own sessions, second factors and password."""
        return await self._account(request, None)

    async def _account(self, request: Request, error: BusError | None) -> Response:
        colleague = self.desk.colleague(request)
        account = await self.desk.ask_as_desk(
            request, accounts.ACCOUNT, accounts.OfSession(**self.desk.of_session(request))
        )
        done = words.DONE.get(request.query_params.get("done", ""), "")
        return self._show("account", error, colleague=colleague, account=account, done=done)

    async def change(self, request: Request) -> Response:
        """POST /account/{act}: password, end, remove, reset."""
        values = await self._form(request)
        act, cookie = request.path_params["act"], new_cookie()
        if act not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        try:
            await self._change(request, act, values, cookie)
        except Unauthenticated:
            raise
        except BusError as error:
            return await self._account(request, error)
        response = RedirectResponse(f"{self._at}/account?done={act}", 303)
        if act == "password":
            self.desk.sit(request, response, cookie)
        return response

    async def _change(
        self, request: Request, act: str, values: dict[str, str], cookie: str
    ) -> None:
        """Send the Request of an act."""
        session, ask = self.desk.of_session(request), self.desk.ask_as_desk
        number = whole_or_none(values["id"])
        match act:
            case "password":
                password = accounts.ChangePassword(
                    **session,
                    old_password=values["old_password"],
                    new_password=values["new_password"],
                    renewed=digest_of(cookie),
                )
                await ask(request, accounts.CHANGE_PASSWORD, password)
            case "end":
                which = "one" if number else "others"
                ending = accounts.EndSessions(**session, which=which, id=number)
                await ask(request, accounts.END_SESSIONS, ending)
            case "remove":
                removal = accounts.RemoveFactor(**session, factor=number or 0)
                await ask(request, accounts.REMOVE_FACTOR, removal)
            case "reset":
                reset = accounts.ResetFactors(
                    **session, username=values["username"], reason=values["reason"].strip()
                )
                await ask(request, accounts.RESET_FACTORS, reset)

    # --- shared ---

    @staticmethod
    def _origin(request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}"

    async def _form(self, request: Request) -> dict[str, str]:
        """Read the fields of these forms, empty where they were not sent."""
        self.desk.session(request)
        values = await text_form(request)
        return {name: value_of(values, name) for name in words.FIELDS}

    def _show(self, name: str, error: BusError | None, **values: object) -> Response:
        response = rendering.page(
            f"desk/{name}.html",
            status_of(error) if error else 200,
            at=self._at,
            home=self._home,
            browser_label=words.browser_label,
            problem=words.sentence(error) if error else None,
            **values,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def routes(self) -> list[Route]:
        """Return the routes of the second factor and of the account."""
        at = self._at
        return [
            Route(f"{at}/second-factor", self.page, methods=["GET"]),
            Route(f"{at}/second-factor", self.prove, methods=["POST"]),
            Route(f"{at}/second-factor/enrol", self.enrol, methods=["POST"]),
            Route(f"{at}/second-factor/finish", self.finish, methods=["POST"]),
            Route(f"{at}/account", self.account, methods=["GET"]),
            Route(f"{at}/account/{{act}}", self.change, methods=["POST"]),
        ]
