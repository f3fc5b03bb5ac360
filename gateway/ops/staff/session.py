"""The session of a colleague: the cookie names it, and ticketing says whose it is.

Each request asks ticketing anew, so that the end of a session, of a role or of an account counts in
the next request of every process.
"""

import hashlib
import secrets
import time
import uuid
from typing import NamedTuple, TypedDict

from starlette.requests import Request
from starlette.responses import Response

from bus.client import Client
from bus.errors import BusError, Forbidden, Unauthenticated, Unavailable
from bus.messages import kinds
from bus.messages.kinds import M, R
from bus.settings import Settings
from contracts.ticketing import accounts
from gateway.forms.acts import Acts
from gateway.forms.seals import Seals
from gateway.http.facts import CONTRACT, TRACEPARENT, Fact
from gateway.limits.guesses import neighbourhood
from gateway.ops.staff.strangers import Strangers

# A request that takes longer (a slow upload) is asked about again before it acts.
FRESH_SECONDS = 1.0
DEVICE_SECONDS = 180 * 24 * 3600
# What an open page asks by itself: nobody need sit before it.
UNATTENDED = frozenset({"/desk/queue/live", "/desk/along/standing", "/board/now"})
# Who asks for these is not looked up: they are the same for everybody.
FOR_EVERYBODY = (
    "/static/",
    "/health/",
    "/desk/worker.js",
    "/desk/app.webmanifest",
    "/desk/offline",
)
# The part of the desk that a context's Requests belong to, as SECOND_FACTOR names it.
PARTS = {"billing": "treasury", "agencies": "register", "notify": "notices"}


class FaceOfStaff(NamedTuple):
    """A face of colleagues: its name among sessions, where its pages begin, its cookie."""

    name: str
    at: str
    cookie: str


DESK = FaceOfStaff("desk", "/desk", "mirab_desk")
OPS = FaceOfStaff("ops", "", "mirab_ops")


class Colleague(NamedTuple):
    """The colleague who has signed in; ``pending`` until the second factor is proven."""

    username: str
    name: str
    role: str
    unit: str
    may: tuple[str, ...]
    pending: bool
    factor: str | None
    factors: tuple[str, ...]
    operator: str | None
    failures: int
    started_at: str
    unread: int | None


class OfSession(TypedDict):
    """The fields of messages about a session."""

    session: str
    face: str


class Started(OfSession):
    """The fields of messages that start a session."""

    address: str
    browser: str


class Recognition(NamedTuple):
    """The reply of ticketing about the session of a request, and when it was asked."""

    answer: Colleague | BusError
    at: float


RECOGNITION = Fact[Recognition]("recognition")


class Desk:
    """The way from a colleague's browser to the services."""

    def __init__(self, client: Client, settings: Settings, face: FaceOfStaff = DESK) -> None:
        key = settings.secret("DESK_KEY").reveal()
        self.client, self.face, self.acts = client, face, Acts(key, "desk")
        self.seals, self._devices = Seals(key, face.name), Seals(key, "device")
        self._second_factor = frozenset((settings.get("SECOND_FACTOR") or "").split())
        self.strangers = Strangers()

    # --- whose session it is ---

    async def recognise(self, request: Request) -> None:
        """Ask whose session the cookie of the request names; ``colleague`` gives the answer."""
        RECOGNITION.set(request, Recognition(await self._ask_whose(request), time.monotonic()))

    async def _ask_whose(self, request: Request) -> Colleague | BusError:
        cookie = request.cookies.get(self.cookie_name(request), "")
        if not cookie or request.url.path.startswith(FOR_EVERYBODY):
            return signed_out()
        session = accounts.OfRequest(
            session=digest_of(cookie),
            face=self.face.name,
            unattended=request.url.path in UNATTENDED,
        )
        try:
            return colleague_of(await self.ask_as_desk(request, accounts.SESSION, session))
        except (Unauthenticated, Unavailable) as error:
            return error

    def session(self, request: Request) -> Colleague:
        """Return the owner of the session, pending or not. Unauthenticated ``desk.signed_out``."""
        recognition = RECOGNITION.get(request)
        if recognition is None:
            raise signed_out()
        if isinstance(recognition.answer, BusError):
            raise recognition.answer
        return recognition.answer

    def colleague(self, request: Request) -> Colleague:
        """Return the colleague who has signed in. Unauthenticated ``desk.signed_out``; Forbidden
        ``desk.second_factor`` if the second factor is not proven.
        """
        colleague = self.session(request)
        if colleague.pending:
            raise needs_second_factor()
        return colleague

    def requires_factor(self, *parts: str) -> bool:
        """Return True if SECOND_FACTOR names one of these parts or roles."""
        return bool(self._second_factor.intersection(parts))

    # --- the cookie ---

    def cookie_name(self, request: Request) -> str:
        """Return a name that only this host can set, over TLS (RFC 6265bis, section 4.1.3.2)."""
        secure = request.url.scheme == "https"
        return f"__Host-{self.face.cookie}" if secure else self.face.cookie

    def _path(self, request: Request) -> str:
        return "/" if request.url.scheme == "https" else self.face.at or "/"

    def sit(self, request: Request, response: Response, cookie: str) -> None:
        """Give the browser its session cookie, until the browser is closed or the session ends."""
        response.set_cookie(
            self.cookie_name(request),
            cookie,
            path=self._path(request),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def leave(self, request: Request, response: Response) -> None:
        """Take the session cookie from the browser."""
        response.delete_cookie(
            self.cookie_name(request),
            path=self._path(request),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def started(self, request: Request, cookie: str) -> Started:
        """Return the fields of accounts.Started for a session of that cookie."""
        browser = request.headers.get("user-agent", "")
        return {
            "session": digest_of(cookie),
            "face": self.face.name,
            "address": neighbourhood(request.client.host if request.client else "")[:60],
            "browser": "".join(c for c in browser if c.isprintable())[:200],
        }

    def of_session(self, request: Request) -> OfSession:
        """Return the fields of accounts.OfSession for the session of the request."""
        cookie = request.cookies.get(self.cookie_name(request), "")
        return {"session": digest_of(cookie), "face": self.face.name}

    def device(self, request: Request, username: str) -> str | None:
        """Return the number of the browser if that colleague signed in there before; else None."""
        device = self._devices.open(
            request.cookies.get(self._device_cookie(request), ""), DEVICE_SECONDS
        )
        matches = device is not None and device.get("username") == username.lower()
        return str(device["device"]) if device and matches else None

    def remember_device(self, request: Request, response: Response, username: str) -> None:
        """Mark the browser as known for the next sign-in, even while strangers guess."""
        device = self.device(request, username) or secrets.token_hex(16)
        response.set_cookie(
            self._device_cookie(request),
            self._devices.seal({"username": username.lower(), "device": device}),
            max_age=DEVICE_SECONDS,
            path=self._path(request),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def _device_cookie(self, request: Request) -> str:
        return f"{self.cookie_name(request)}_device"

    # --- asking ---

    async def ask(
        self,
        request: Request,
        contract: kinds.Request[M, R],
        message: M,
        *,
        id: str | None = None,
        deadline: float | None = None,
    ) -> R:
        """Ask a context as the colleague; ``id`` makes a form that is sent twice one act, and
        ``deadline`` stands for that of the contract.

        Unauthenticated for a stranger, Forbidden without a second factor that this needs.
        """
        colleague = await self._asker(request, contract)
        return await self.client.call(
            contract,
            contract.checked(message),
            caller={"staff": colleague.username},
            id=self._message_id(contract, colleague, id),
            traceparent=TRACEPARENT.of(request),
            deadline=deadline,
        )

    async def _asker(self, request: Request, contract: kinds.Request[M, R]) -> Colleague:
        """Return the colleague, whose session was looked at lately and has the factor."""
        CONTRACT.set(request, contract.name)
        recognition = RECOGNITION.get(request)
        if recognition and time.monotonic() - recognition.at > FRESH_SECONDS:
            await self.recognise(request)
        colleague = self.colleague(request)
        part = PARTS.get(contract.context, "")
        if colleague.factor is None and self.requires_factor(colleague.role, part):
            raise needs_second_factor()
        return colleague

    def form_message_id(self, request: Request, contract: kinds.Request[M, R], form: str) -> str:
        """Return the id of the message that a form of the colleague will send."""
        return self._message_id(contract, self.colleague(request), form)

    def _message_id(
        self, contract: kinds.Request[M, R], colleague: Colleague, id_: str | None
    ) -> str:
        if id_:
            return self.acts.message_id(contract.name, colleague.username, id_)
        return str(uuid.uuid4())

    async def ask_as_desk(self, request: Request, contract: kinds.Request[M, R], message: M) -> R:
        """Ask in the name of the desk itself: before anybody has signed in, or of a session."""
        return await self.client.call(
            contract,
            contract.checked(message),
            id=str(uuid.uuid4()),
            caller={"face": self.face.name},
            traceparent=TRACEPARENT.of(request),
        )


def new_cookie() -> str:
    """Return a new session cookie; only the browser keeps it."""
    return secrets.token_urlsafe(32)


def digest_of(cookie: str) -> str:
    """Return the name of a session in messages and in the table."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def colleague_of(reply: accounts.SignedIn) -> Colleague:
    """Return the colleague of a reply."""
    return Colleague(*(getattr(reply, name) for name in Colleague._fields))


def signed_out() -> Unauthenticated:
    return Unauthenticated("Sign in to the desk.", code="desk.signed_out")


def needs_second_factor() -> Forbidden:
    return Forbidden(
        "This needs a second factor: prove yours, or add one.", code="desk.second_factor"
    )


def form_id() -> str:
    """Return the id of a form that is shown now."""
    return f"desk-{uuid.uuid4()}-{int(time.time())}"
