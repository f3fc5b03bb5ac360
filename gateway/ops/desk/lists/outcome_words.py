"""What a colleague's proposals are called, and the pages on which they stand."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from starlette.requests import Request

from contracts.ticketing.colleagues import Outcome
from gateway.html.days import month_in_words
from gateway.ops.staff.pages import StaffPages

SENDER, SENDER_RULE = "sender", "sender_rule"
OF_AGENCIES = (SENDER, SENDER_RULE)


class Matter(NamedTuple):
    """A kind of proposal: its name, its page; ``{}`` stands for the number in both, in the name for
    what people call it where they do not call it by a number.
    """

    name: str
    page: str


MATTERS = {
    "refund": Matter("استرداد {}", "/desk/treasury/refunds/{}"),
    "booking": Matter("ثبت برای مغایرت {}", "/desk/treasury/exceptions/{}"),
    "tariff": Matter("تعرفه، ردیف {}", "/desk/treasury/tariffs?state=ALL"),
    "register_change": Matter("پیشنهاد {} برای دستگاه‌ها", "/desk/agencies/changes/{}"),
    "book_change": Matter("پیشنهاد {} برای دفتر میز", "/desk/book/changes/{}"),
    "template": Matter("نسخه تازه الگوی «{}»", "/desk/notices/templates/{}"),
    SENDER: Matter("فرستنده دستگاه {}", "/desk/notices/senders"),
    SENDER_RULE: Matter("سقف یا نگهداری پیام دستگاه {}", "/desk/notices/rules"),
    "month_correction": Matter("اصلاح گزارش {}", "/desk/notices/reports"),
    "person_act": Matter("درخواست {} درباره داده‌های یک شخص", "/desk/privacy"),
    # The board of operators is another face; its address is not known here.
    "replay": Matter("درخواست {} برای پیام‌های مرده", "/desk/for-me"),
}


async def namer(
    pages: StaffPages, request: Request, outcomes: Iterable[Outcome]
) -> Callable[[Outcome], str]:
    """Return the function that names these proposals; agencies are read where one is named."""
    if all(outcome.matter not in OF_AGENCIES for outcome in outcomes):
        return name_of
    agency = await pages.agency(request)
    return lambda outcome: name_of(
        replace(outcome, name=agency(outcome.number)) if outcome.matter in OF_AGENCIES else outcome
    )


def name_of(outcome: Outcome) -> str:
    """Return what a proposal is called; of a matter that this page does not know, its number."""
    matter = MATTERS.get(outcome.matter)
    if matter is None:
        return outcome.number
    of_month = outcome.matter == "month_correction"
    number = month_in_words(outcome.number) if of_month else outcome.number
    return matter.name.format(outcome.name or number)


def page_of(outcome: Outcome) -> str:
    """Return the page of a proposal; without one, that of the notices."""
    matter = MATTERS.get(outcome.matter)
    return matter.page.format(outcome.number) if matter else "/desk/for-me"
