"""Every form of every page of colleagues reads digits of any kind and forgets pasted marks."""

import re
import secrets
from typing import NamedTuple

import pytest
import requests

from tests.gateway.desk.seats import Seat
from tests.gateway.desk.test_desk_pages import registered
from tests.gateway.desk.test_register_pages import Officer as RegisterOfficer
from tests.gateway.desk.test_treasury_pages import Officer as TreasuryOfficer
from tests.gateway.desk.trees import tree_of
from tests.gateway.desk.whole_house import whole_house  # noqa: F401 - the fixture `house`

PAGES = (
    "",
    "/queue",
    "/letters",
    "/telephone",
    "/calendar",
    "/figures",
    "/treasury/tariffs",
    "/treasury/bills",
    "/treasury/bills/new",
    "/treasury/files",
    "/treasury/day",
    "/treasury/statements",
    "/notices",
    "/notices/templates",
    "/notices/templates/new",
    "/notices/jobs/new",
    "/notices/announcements/new",
    "/notices/messages",
    "/notices/opt-out",
    "/agencies/new",
    "/agencies/audit",
)
DAY, HOUR, MOBILE = "1405/12/10", "08:00", "09121234567"
# What people write into a field of this name; other fields get words.
SAMPLES = {
    **dict.fromkeys(("from_day", "day", "requested_at"), DAY),
    **dict.fromkeys(("to_day", "key_until", "grant_until", "sunset"), "1405/12/20"),
    "month": "1405-08",
    "opens": HOUR,
    "from_hour": HOUR,
    "closes": "12:30",
    "to_hour": "12:30",
    "quantity": "2",
    "minutes": "20",
    "capacity": "1",
    "amount": "60,000",
    "percent": "0",
    "weight": "10",
    "rials": "1,000",
    "per_day": "1,000",
    "mobile": MOBILE,
    "email": "z12@example.com",
    "national_id": "0499370899",
    "into": "4052138845",
    "number": "1405-000001",
    "replaces": "",
    "search": "4052138845",
    "file_no": "1001/70",
    "sheba": "IR062960000000100324200001",
    "bank_ref": "123456",
    "reference": "1405/12",
    "id": "",
    "after": "1",
    "networks": "10.0.0.0/8",
    "source": "1405/7",
    "decree": "7",
}
# Texts in which marks may be meant, and names of which each is a new one.
PROSE = ("text", "toml", "body", "subject", "password", "value-")
# Forms that take what SAMPLES says: with them nothing is wrong in any hand.
READ_WELL = {
    "/desk/calendar/slots",
    "/desk/telephone",
    "/desk/treasury/tariffs/draft",
    "/desk/figures",
}
SKIPPED = ("sign-out", "/kept", "/account")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


class Field(NamedTuple):
    """A field of a form, with what the page has put into it."""

    name: str
    type: str
    value: str


class Form(NamedTuple):
    """A form of a page; ``files`` if it takes files."""

    action: str
    method: str
    files: bool
    fields: tuple[Field, ...]

    @property
    def kind(self):
        """What tells it from the other forms of its page; each row's form is of one kind."""
        return (self.action.rpartition("/")[2], *(field.name for field in self.fields))

    @property
    def hands(self):
        """In whose hands it may differ: one is enough for a form that nobody writes into."""
        return HANDS if any(typed(field) for field in self.fields) else {"plain": str}


def pasted(digits):
    """A text as it comes out of a word processor: digits of ours, marks that nobody sees."""

    def typed(text):
        marked = text[:1] + "\u200b" + text[1:] if text else ""
        return f"\u200f{marked.translate(digits)}\u00a0\t" if text else ""

    return typed


HANDS = {"plain": str, "persian": pasted(PERSIAN), "arabic": pasted(ARABIC)}


def typed(field):
    """Whether people write digits or marks into it."""
    chosen_only = field.type in ("hidden", "select", "radio", "checkbox")
    prose = any(part in field.name for part in PROSE)
    return field.name in SAMPLES and not chosen_only and not prose


def chosen(select):
    """The option that is chosen, or the first that says something."""
    options = [*select.iter("option")]
    values = [o.get("value", "") for o in options]
    marked = [o.get("value", "") for o in options if "selected" in o.attrib and o.get("value")]
    return (marked or [v for v in values if v] or [""])[0]


def fields_of(form):
    seen_radios = set()
    for element in form.iter():
        name, tag = element.get("name", ""), element.tag
        kind = element.get("type", "text")
        if not name or tag not in ("input", "select", "textarea", "button"):
            continue
        if tag == "select":
            yield Field(name, "select", chosen(element))
        elif tag == "textarea":
            yield Field(name, "textarea", "".join(element.itertext()))
        elif kind == "radio" and name in seen_radios:
            continue
        elif kind != "file" and tag == "input" and (name != "weekdays"):
            seen_radios.add(name)
            yield Field(name, kind, element.get("value", ""))


def forms_of(page):
    for form in tree_of(page.text).iter("form"):
        action = form.get("action", "")
        if any(part in action for part in SKIPPED):
            continue
        files = "multipart" in form.get("enctype", "")
        yield Form(action, form.get("method", "get"), files, tuple(fields_of(form)))


def filled(form, hand):
    """The form as somebody fills it in; ``hand`` writes what is no prose."""
    data = []
    for field in form.fields:
        if field.type in ("hidden", "select", "radio", "checkbox"):
            data.append((field.name, field.value))
        elif any(part in field.name for part in PROSE):
            data.append((field.name, field.value or "متن"))
        elif field.name in SAMPLES:
            data.append((field.name, hand(SAMPLES[field.name])))
        else:
            data.append((field.name, field.value or f"a-{secrets.token_hex(4)}"))
    return data


def send(seat, form, hand):
    url, data = seat.house.ops + form.action, filled(form, hand)
    if form.method.lower() == "get":
        return seat.session.get(url, params=data, timeout=30)
    if form.files:
        parts = [(name, (None, value)) for name, value in data]
        return seat.session.post(url, files=parts, timeout=30)
    return seat.session.post(url, data=data, timeout=30)


def faults(answer):
    """What the page says is wrong with fields that somebody wrote in: name → sentence."""
    matches = re.findall(r'<li><a href="#([^"]+)">([^<]*)</a>', answer.text)
    return {place: text for place, text in matches if place.rpartition("-")[2] in SAMPLES}


@pytest.fixture(scope="module")
def pages(house):
    """The addresses of all pages, those of one ticket, one bill and one agency too."""
    ticket = registered(house)["code"]
    bill = TreasuryOfficer(house, "karim").issue()
    code = f"a-{secrets.token_hex(4)}"
    clerk, approver = (RegisterOfficer(house, name) for name in ("karim", "nader"))
    approver.post(f"/changes/{clerk.propose(code)}/approve")
    return (*PAGES, f"/tickets/{ticket}", f"/treasury/bills/{bill}", f"/agencies/of/{code}")


def in_each_hand(seat, path, form):
    """What is answered to a form by hand; it is read anew each time its fields may have changed,
    as the version of a ticket does by the forms before.
    """
    answers, versioned = {}, any(field.name == "version" for field in form.fields)
    for name, hand in form.hands.items():
        now = [form]
        if answers or versioned:
            now = [f for f in forms_of(seat.get(path)) if f.action == form.action]
        if now:
            answers[name] = send(seat, now[0], hand)
    return answers


def test_p14_every_field_of_every_page_reads_any_digits_and_forgets_pasted_marks(house, pages):
    wrong, well, forms_filled = {}, set(), {}
    for username in ("nader", "mina"):
        seat = Seat(house, username)
        for path in pages:
            for form in forms_of(seat.get(path)):
                if (path, form.kind) in forms_filled:
                    continue
                answers = in_each_hand(seat, path, form)
                # One that an act before this one has ended is tried when it is met again.
                if answers.keys() < form.hands.keys():
                    continue
                forms_filled[path, form.kind] = len(answers)
                plain = answers["plain"]
                if not faults(plain):
                    well.add(re.sub(r"[0-9a-f-]{8,}", "…", form.action))
                for name, answer in answers.items():
                    assert answer.status_code < 500, (form.action, answer.text)
                    now = (answer.status_code, faults(answer))
                    if now != (plain.status_code, faults(plain)):
                        wrong[form.action, name] = (now, plain.status_code, faults(plain))
    assert wrong == {}
    assert len(forms_filled) > 40, forms_filled
    assert list(forms_filled.values()).count(len(HANDS)) > 20, forms_filled
    assert well >= READ_WELL, READ_WELL - well


def test_p14_the_name_at_the_door_may_have_been_pasted(house):
    fields = {"username": "\u200fmina\u200b\u00a0", "password": house.password}
    answer = requests.post(
        f"{house.ops}/desk/sign-in", data=fields, timeout=30, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
