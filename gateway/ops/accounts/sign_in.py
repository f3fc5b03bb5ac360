"""Signing in and out at a face of colleagues: by password, or by the organisation's login."""

import hmac
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import ContractError, Forbidden, TooMany, Unauthenticated, Unavailable
from bus.messages.values import Json
from contracts.ticketing import accounts
from gateway import web
from gateway.forms.multipart import TEXT_FORM, read_fields
from gateway.forms.values import value_of
from gateway.html import rendering
from gateway.ops.accounts import kept_forms
from gateway.ops.accounts.kept_forms import KeptForm
from gateway.ops.accounts.oidc import Attempt, Provider
from gateway.ops.staff.session import Colleague, Desk, colleague_of, new_cookie
from iran.persian import fold_code

OIDC_SECONDS = 600
PROBLEMS = {
    "desk.not_signed_in": "نام کاربری یا گذرواژه درست نیست.",
    "desk.unknown": "برای شما در این میز حسابی نیست؛ از سرپرست خود بخواهید.",
    "ops.not_an_operator": "شما بهره‌بردار این سامانه نیستید؛ مسئول سامانه می‌تواند این نقش را بدهد.",
    "desk.oidc": "ورود سازمانی پذیرفته نشد؛ دوباره تلاش کنید.",
}
WRONG = PROBLEMS["desk.not_signed_in"]


async def text_form(request: Request) -> dict[str, list[str]]:
    """Read the fields of a form without files; empty for a request without a body."""
    if "content-type" not in request.headers and request.headers.get("content-length", "0") == "0":
        return {}
    return await read_fields(request, TEXT_FORM)


class SignInPages:
    """The sign-in pages of a face of colleagues."""

    def __init__(self, desk: Desk, provider: Provider | None) -> None:
        self.desk, self._provider, self._at = desk, provider, desk.face.at
        self._home = desk.face.at or "/"

    async def page(self, _: Request) -> Response:
        """GET /sign-in"""
        return self._page(None)

    def _page(
        self, problem: str | None, status: int = 200, form: KeptForm | None = None
    ) -> Response:
        response = rendering.page(
            "desk/sign_in.html",
            status,
            problem=problem,
            oidc=self._provider is not None,
            kept=form,
            at=self._at,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in: an account of the desk itself."""
        values = await text_form(request)
        form, cookie = kept_forms.carried_form(values), new_cookie()
        username = fold_code(value_of(values, "username"))
        credentials = accounts.PasswordSignIn(
            **self.desk.started(request, cookie),
            username=username,
            password=value_of(values, "password"),
            device=self.desk.device(request, username),
        )
        try:
            reply = await self.desk.ask_as_desk(request, accounts.START_SESSION, credentials)
        except TooMany as error:
            minutes = -(-int(error.details.get("retry_after", 60)) // 60)
            response = self._page(
                f"گذرواژه نادرست بیش از اندازه نوشته شد؛ {minutes} دقیقه دیگر دوباره تلاش کنید.",
                429,
                form,
            )
            response.headers["Retry-After"] = str(error.details.get("retry_after", 60))
            return response
        except Forbidden as error:
            return self._page(PROBLEMS.get(error.code, WRONG), 403, form)
        except (Unauthenticated, ContractError):
            return self._page(WRONG, 401, form)
        return await self._seat(request, cookie, colleague_of(reply), form)

    async def _seat(
        self, request: Request, cookie: str, colleague: Colleague, form: KeptForm | None = None
    ) -> Response:
        """Start the colleague's session in the browser and end the one that it had before."""
        if request.cookies.get(self.desk.cookie_name(request)):
            await self._end(request, "this")
        if colleague.pending:
            response: Response = RedirectResponse(f"{self._at}/second-factor", 303)
            if form:
                response = kept_forms.second_factor_page(self._at, form)
        else:
            response = kept_forms.page_of(form) if form else RedirectResponse(self._home, 303)
            self.desk.remember_device(request, response, colleague.username)
        self.desk.sit(request, response, cookie)
        return response

    async def go_on(self, request: Request) -> Response:
        """POST /kept: who signed in elsewhere goes on with what was typed."""
        values = await text_form(request)
        form = kept_forms.carried_form(values)
        if form is None:
            return RedirectResponse(self._home, 303)
        try:
            self.desk.colleague(request)
        except Unauthenticated:
            return self._page(None, 401, form)
        except Forbidden:
            return kept_forms.second_factor_page(self._at, form)
        return kept_forms.page_of(form)

    def show(self, request: Request, problem: Json) -> Response | None:
        """Show a problem as a page of the desk, with the kept form."""
        response = kept_forms.problem_page(request, problem, oidc=self._provider is not None)
        if response is not None and problem["code"] in kept_forms.SIGNED_OUT:
            self.desk.leave(request, response)
        return response

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out: ends the session at the server; with which=all all of the colleague's.

        The browser forgets its own also while the server is away; it ends by its time then. It
        forgets what was taken along too; a page that has erased that itself asks that what was
        typed there and not sent be kept, which is sealed.
        """
        values = await text_form(request)
        if value_of(values, "which") == "all":
            await self._end(request, "all")
        else:
            with suppress(Unavailable):
                await self._end(request, "this")
        response = RedirectResponse(f"{self._at}/sign-in", 303)
        if value_of(values, "unsent") != "1":
            response.headers["Clear-Site-Data"] = '"storage"'
        self.desk.leave(request, response)
        return response

    async def _end(self, request: Request, which: str) -> None:
        ending = accounts.EndSessions(**self.desk.of_session(request), which=which)
        await self.desk.ask_as_desk(request, accounts.END_SESSIONS, ending)

    # --- the organisation's login ---

    async def oidc_begin(self, request: Request) -> Response:
        """GET /oidc: on to the organisation's login."""
        if self._provider is None:
            return RedirectResponse(f"{self._at}/sign-in", 303)
        attempt = Attempt.new()
        response = RedirectResponse(await self._provider.address(attempt, self._back(request)), 303)
        sealed = self.desk.seals.seal(
            {"state": attempt.state, "nonce": attempt.nonce, "verifier": attempt.verifier}
        )
        response.set_cookie(
            self._oidc_cookie(request),
            sealed,
            max_age=OIDC_SECONDS,
            path=self._oidc_path(request),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def oidc_end(self, request: Request) -> Response:
        """GET /oidc/back: the organisation's login sends the browser back."""
        sealed = request.cookies.get(self._oidc_cookie(request), "")
        sealed_attempt, query = self.desk.seals.open(sealed, OIDC_SECONDS), request.query_params
        attempt = Attempt.from_data(sealed_attempt) if sealed_attempt else None
        state = query.get("state", "").encode()
        if (
            self._provider is None
            or attempt is None
            or not hmac.compare_digest(attempt.state.encode(), state)
        ):
            return self._page("ورود ناتمام ماند؛ دوباره تلاش کنید.", 401)
        if "code" not in query or not self._provider.is_issuer(query.get("iss")):
            return self._page("ورود سازمانی پذیرفته نشد.", 401)
        identity = await self._provider.identity(attempt, query["code"], self._back(request))
        cookie = new_cookie()
        login = accounts.LoginSignIn(
            **self.desk.started(request, cookie),
            issuer=identity.issuer,
            subject=identity.subject,
            claimed=identity.claimed,
            factor=identity.factor,
        )
        try:
            reply = await self.desk.ask_as_desk(request, accounts.START_LOGIN_SESSION, login)
        except Unauthenticated:
            sentence = (
                "حساب سازمانی شما هنوز به حسابی در این میز پیوند نخورده است. این شناسه را به "
                f"سرپرست خود بدهید: {identity.subject}"
            )
            return self._page(sentence, 401)
        except Forbidden as error:
            return self._page(PROBLEMS.get(error.code, PROBLEMS["desk.oidc"]), 403)
        response = await self._seat(request, cookie, colleague_of(reply))
        response.delete_cookie(
            self._oidc_cookie(request),
            path=self._oidc_path(request),
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="lax",
        )
        return response

    async def oidc_logout(self, request: Request) -> Response:
        """POST /oidc/logout: the login says that somebody left it (Back-Channel Logout 1.0)."""
        if self._provider is None:
            raise Unauthenticated("There is no such login here.", code="desk.oidc")
        values = await text_form(request)
        issuer, subject = await self._provider.left(value_of(values, "logout_token"))
        logout = accounts.LoginEnded(issuer=issuer, subject=subject)
        await self.desk.ask_as_desk(request, accounts.END_LOGIN_SESSIONS, logout)
        return web.json_response({})

    def _back(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{self._at}/oidc/back"

    def _oidc_cookie(self, request: Request) -> str:
        secure = request.url.scheme == "https"
        return f"{'__Host-' if secure else ''}{self.desk.face.cookie}_oidc"

    def _oidc_path(self, request: Request) -> str:
        return "/" if request.url.scheme == "https" else f"{self._at}/oidc"

    def routes(self) -> list[Route]:
        """Return the routes of signing in and out."""
        at = self._at
        return [
            Route(f"{at}/sign-in", self.page, methods=["GET"]),
            Route(f"{at}/sign-in", self.sign_in, methods=["POST"]),
            Route(f"{at}/sign-out", self.sign_out, methods=["POST"]),
            Route(f"{at}/kept", self.go_on, methods=["POST"]),
            Route(f"{at}/oidc", self.oidc_begin),
            Route(f"{at}/oidc/back", self.oidc_end),
            Route(f"{at}/oidc/logout", self.oidc_logout, methods=["POST"]),
        ]
