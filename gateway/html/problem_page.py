"""Problems as pages, for people who open a face of machines in a browser."""

from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from gateway.html import rendering
from gateway.http import bodies
from gateway.http.origin import own_path
from gateway.http.problems import HttpError

JSON, HTML = "application/json", "text/html"
LANGUAGES = ("fa", "en")
PROVEN_BY = ("authorization", "signature-input")
# By status; others are a fault of ours or of the browser.
SENTENCES = {
    404: (
        "چنین صفحه‌ای نیست؛ نشانی را با آنچه به شما داده‌اند مقایسه کنید.",
        "There is no such page; compare the address with the one that you were given.",
    ),
    405: (
        "این نشانی برای برنامه‌هاست و در مرورگر باز نمی‌شود.",
        "This address is for programs and does not open in a browser.",
    ),
    421: (
        "این سامانه با این نام در دسترس نیست؛ از نشانی خود آن استفاده کنید.",
        "This service is not reached by that name; use its own address.",
    ),
    429: (
        "بیش از اندازه تلاش شد؛ چند دقیقه دیگر دوباره تلاش کنید.",
        "You tried too often; try again in some minutes.",
    ),
    503: (
        "سامانه اکنون در دسترس نیست؛ چند دقیقه دیگر دوباره تلاش کنید.",
        "The service is not available now; try again in some minutes.",
    ),
    504: (
        "پاسخ به‌موقع نرسید؛ چند دقیقه دیگر دوباره تلاش کنید.",
        "No answer came in time; try again in some minutes.",
    ),
    500: (
        "خطایی در سامانه رخ داد و ثبت شد؛ اگر تکرار شد، شناسه زیر را به راهبر سامانه بفرستید.",
        "Something failed and was noted; if it happens again, tell the operator this number.",
    ),
}
OTHER = ("درخواست انجام نشد.", "The request was not done.")
OURS = 500


def page(request: Request, problem: Json) -> Response | None:
    """Show a problem in the reader's language; None for a machine.

    Some programs ask for HTML without knowing it (java.net.HttpURLConnection): a client that
    authenticates, or sends something, is a program.
    """
    if not is_browser(request):
        return None
    lang = language(request)
    status = problem["status"]
    sentence = SENTENCES.get(status, SENTENCES[OURS] if status >= OURS else OTHER)
    response = rendering.page(
        "sorry.html",
        status,
        lang=lang,
        here=own_path(request),
        sentence=sentence[LANGUAGES.index(lang)],
        problem=problem,
    )
    response.headers["Vary"] = "Accept, Accept-Language"
    return response


def is_browser(request: Request) -> bool:
    """Return True if a person reads the answer."""
    if request.method not in ("GET", "HEAD") or any(n in request.headers for n in PROVEN_BY):
        return False
    try:
        return bodies.answer_type(request, JSON, HTML) == HTML
    except HttpError:
        return False


def language(request: Request) -> str:
    """Return the language of ``?lang=`` or of the browser; Persian without a preference."""
    wanted = request.query_params.get("lang")
    if wanted in LANGUAGES:
        return wanted
    for part in request.headers.get("accept-language", "").lower().split(","):
        name = part.strip()[:2]
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]
