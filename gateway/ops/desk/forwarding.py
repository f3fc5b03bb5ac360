"""Tickets of other cities: sending one on, where each is, and those that wait for somebody."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing.civic import forwarding as contracts
from contracts.ticketing.civic.forwarding import Forward, TicketForwardings
from contracts.ticketing.desk import Nothing, OneTicket
from gateway.forms.fields import parse_form
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from people.tracking import grouped

# How each state looks, and what it is called.
STATES = {
    "QUEUED": ("info", "در نوبت فرستادن"),
    "SENDING": ("info", "در حال فرستادن"),
    "TOKEN": ("info", "رسیده است؛ هنوز شماره ندارد"),
    "TAKEN": ("good", "رسیده است و پیگیری می‌شود"),
    "ENDED": ("good", "در آنجا پایان یافته است"),
    "UNKNOWN": ("bad", "معلوم نیست رسیده باشد"),
    "REFUSED": ("bad", "نپذیرفتند"),
    "DROPPED": ("neutral", "دیگر فرستاده نمی‌شود"),
}
PROBLEMS = {
    "no_connection": "ارتباط با آن سامانه برقرار نمی‌شود؛ دوباره خواهیم کوشید.",
    "busy": "آن سامانه گفت دیرتر بفرستید؛ دوباره خواهیم کوشید.",
    "no_answer": "فرستاده شد و پاسخی نیامد. در فهرست آن سامانه جست‌وجو می‌شود.",
    "server_error": "آن سامانه خطا داد. در فهرست آن جست‌وجو می‌شود.",
    "unreadable": "پاسخ آن سامانه خوانده نمی‌شود. در فهرست آن جست‌وجو می‌شود.",
    "interrupted": "فرستادن ناتمام ماند. در فهرست آن سامانه جست‌وجو می‌شود.",
    "moved": "نشانی آن سامانه تغییر کرده است؛ به راهبر خبر دهید.",
    "refused": "آن سامانه نپذیرفت؛ دلیل را بخوانید، درست کنید و دوباره بفرستید.",
    "not_listed": "در فهرست آن سامانه نیست.",
    "gone": "بارها پرسیدیم و پاسخ درستی نیامد؛ با تلفن بپرسید.",
    "no_city": "این سازمان دیگر در فهرست راهبر نیست؛ به راهبر خبر دهید.",
}
RESOLVABLE = frozenset({"QUEUED", "TOKEN", "TAKEN", "UNKNOWN"})


class ForwardingPages:
    """The page of a ticket's forwardings, and the list of those that wait for somebody."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def ticket(self, request: Request) -> Response:
        """GET /desk/tickets/{code}/forwarding"""
        return await self._ticket(request, NO_SUBMISSION)

    async def _ticket(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request,
            "forwarding",
            submission,
            reply=self._read(request, request.path_params["code"]),
            states=resolved(STATES),
            problems=resolved(PROBLEMS),
            resolvable=resolved(RESOLVABLE),
        )

    async def _read(self, request: Request, code: str) -> TicketForwardings:
        message = OneTicket(code=code)
        return await self._pages.ask(request, contracts.FORWARDINGS_OF_TICKET, message)

    async def forward(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/forwarding: send it on, after a look at what goes."""
        code = request.path_params["code"]
        values = {**(await forms.read_form(request)).values, "act": ["forward"]}
        fields = {**parse_form(contracts.FORWARD, values), "code": code}
        fields.setdefault("with_contact", False)
        target = f"tickets/{code}/forwarding?done=forward"
        return await self._pages.send(
            request, contracts.FORWARD, self._ticket, target, values, fields, self._preview
        )

    async def _preview(self, request: Request, message: Forward) -> Preview:
        """What leaves the house."""
        ticket = await self._read(request, message.code)
        names = {str(city["code"]): str(city["fa"]) for city in ticket.cities}
        contact = "نام، پست الکترونیک و همراه شهروند" if message.with_contact else "فرستاده نمی‌شود"
        return Preview(
            title="این درخواست برای سازمان دیگری فرستاده می‌شود",
            button="فرستادن",
            facts=(
                Fact("پرونده", grouped(message.code)),
                Fact("سازمان", names.get(message.city, message.city)),
                *((Fact("کجاست", message.address),) if message.address else ()),
                Fact("چه کسی نوشته است", contact),
                *((Fact("رضایت شهروند", message.consent),) if message.consent else ()),
            ),
            leaves=(
                "متن زیر، محل و پاسخ پرسش‌های موضوع به آن سازمان می‌رسد؛ عکس و فایل نه.",
                "به شهروند خبر داده می‌شود. هر پرونده به هر سازمان یک بار فرستاده می‌شود.",
                "شمارش مهلت این پرونده ادامه دارد؛ اگر منتظر می‌مانید، آن را در انتظار بگذارید.",
            ),
            text=message.text,
            danger=True,
        )

    async def resolve(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/forwarding/resolve: what a colleague learnt by asking."""
        code = request.path_params["code"]
        values = {**(await forms.read_form(request)).values, "act": ["resolve"]}
        fields = {**parse_form(contracts.RESOLVE_FORWARDING, values), "code": code}
        target = f"tickets/{code}/forwarding?done=resolve"
        return await self._pages.send(
            request, contracts.RESOLVE_FORWARDING, self._ticket, target, values, fields
        )

    async def waiting(self, request: Request) -> Response:
        """GET /desk/forwardings: those that go on by nobody's act."""
        reply = self._pages.ask(request, contracts.LIST_FORWARDINGS, Nothing())
        return await self._pages.page(
            request,
            "forwardings",
            reply=reply,
            states=resolved(STATES),
            problems=resolved(PROBLEMS),
        )

    def routes(self) -> list[Route]:
        """The routes of forwarding; before those of tickets, which take any act."""
        at = f"{AT}/tickets/{{code}}/forwarding"
        return [
            Route(at, self.ticket),
            Route(at, self.forward, methods=["POST"]),
            Route(f"{at}/resolve", self.resolve, methods=["POST"]),
            Route(f"{AT}/forwardings", self.waiting),
        ]
