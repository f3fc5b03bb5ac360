"""What waits for a second pair of eyes at the end: proposals, drafts of tariffs and of texts."""

import datetime as dt

from bus.messages.values import Json
from contracts.agencies import desk as register
from contracts.billing import treasury
from contracts.notify import callbacks
from contracts.notify import desk as notices
from deploy.local.world.stage import Life, Stage
from iran.persian import tehran_day

NEW_AGENCY = """\
code = "municipality-yasuj"
name = "Municipality of Yasuj"
name_fa = "شهرداری یاسوج"

[limits]
requests = 60
seconds = 60

[[keys]]
id = "municipality-yasuj-1"
public_key = "XsQmQeiCcl0FwZzXzkbio6bMcpHJSVjNBbwzELgTbas="
until = 2028-03-19

[[grants]]
contract = "inquiry.ask.v1"
purposes = ["building_permit"]
until = 2028-03-19
"""
DRAFTS = (
    ("expert_visit", "*", "each", 14_200_000, "taxable", "وزارت نیرو ۱۴۰۵/۲۰۴ (نمایشی)"),
    ("copy", "*", "page", 60_000, "taxable", "وزارت نیرو ۱۴۰۵/۲۰۴ (نمایشی)"),
)


def lives(stage: Stage, last: dt.date) -> list[Life]:
    """What officers began in the last days and nobody has decided yet."""
    return [_proposals(stage, last), _drafts(stage, last), _endpoint(stage, last)]


def _proposals(stage: Stage, last: dt.date) -> Life:
    """A new agency, another grant; one that was refused; whom to telephone at an agency."""
    yield stage.at(last - dt.timedelta(days=9), 9.5)
    karim = stage.staff("karim")
    contact = {
        "role": "technical",
        "name": "مهندس رستمی",
        "email": "it@fuel.example",
        "mobile": "+989000000001",
    }
    stage.ask(register.PUT_CONTACT, {"code": "fuel-co", **contact}, caller=karim)
    fuel = stage.ask(register.READ, {"code": "fuel-co"}, caller=karim)
    wider = fuel.text.replace(
        'purposes = ["fuel_quota"]', 'purposes = ["fuel_quota", "water_levy"]'
    )
    refused = stage.ask(
        register.PROPOSE,
        {
            "toml": wider,
            "base_version": fuel.version,
            "reason": "درخواست تلفنی شرکت پخش برای دیدن بدهی مشترکین",
        },
        caller=karim,
    )
    yield stage.working(4)
    refusal = "برای دیدن بدهی، نامه رسمی با ماده قانون لازم است."
    stage.ask(register.REFUSE, {"id": refused.id, "why": refusal}, caller=stage.staff("mina"))
    yield stage.at(last - dt.timedelta(days=2), 10.0)
    reason = "نامه ۱۴۰۵/۸۸۱ شهرداری یاسوج: استعلام محل برای پروانه ساختمان"
    stage.ask(
        register.PROPOSE, {"toml": NEW_AGENCY, "base_version": 0, "reason": reason}, caller=karim
    )
    power = stage.ask(register.READ, {"code": "power-co"}, caller=karim)
    longer = power.text.replace("2030-12-31", "2032-03-19")
    reason = "تمدید تفاهم‌نامه با شرکت توزیع برق تا پایان ۱۴۱۰"
    if longer != power.text:
        stage.ask(
            register.PROPOSE,
            {"toml": longer, "base_version": power.version, "reason": reason},
            caller=karim,
        )


def _drafts(stage: Stage, last: dt.date) -> Life:
    """Rows of the tariff and a text of a message that wait."""
    yield stage.at(last - dt.timedelta(days=1), 11.0)
    karim = stage.staff("karim")
    for service, use, unit, amount, vat, decree in DRAFTS:
        row: Json = {
            "service": service,
            "use": use,
            "unit": unit,
            "amount": amount,
            "vat_class": vat,
        }
        first = tehran_day(stage.now) + dt.timedelta(days=22)
        stage.ask(
            treasury.DRAFT_TARIFF,
            {"from_day": first.isoformat(), "decree": decree, **row},
            caller=karim,
        )
    body = "{company}\n((name)) گرامی، نوبت آب شما ((time)) است.\n{portal}"
    stage.ask(
        notices.DRAFT_FORM,
        {
            "code": "water_turn",
            "channel": "sms",
            "name": "نوبت آب",
            "texts": {"fa": {"body": body}},
        },
        caller=karim,
    )


def _endpoint(stage: Stage, last: dt.date) -> Life:
    """An agency has its messages' ends told to an address where nobody listens yet."""
    yield stage.at(last - dt.timedelta(days=1), 9.0)
    caller: Json = {"agency": "fuel-co", "key": "fuel-co-demo", "grants": []}
    address = "http://127.0.0.1:8029/mirab"
    stage.ask(
        callbacks.PUT_CALLBACK,
        {"url": address, "types": ["message.settled", "bill.reminded"]},
        caller=caller,
    )
