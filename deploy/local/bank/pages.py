"""The played bank's pages; each says, large, that it is played."""

from collections.abc import Mapping
from html import escape

PLAYED = (
    '<p class="played">این بانک بازی است؛ هیچ پولی جابه‌جا نمی‌شود. '
    '<span lang="en">This bank is played: no money moves.</span></p>'
)
STYLE = (
    "body{font:18px/1.8 Tahoma,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#f7f5ef}.played{border:3px solid #8a5a00;background:#fff3d6;"
    "padding:.7rem 1rem;font-size:1.4rem;font-weight:bold}"
    "button{font:inherit;padding:.5rem 1.4rem;margin:.3rem;min-height:44px}"
    "input{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}label{display:block}"
)


def page(title: str, body: str, played: str = PLAYED) -> str:
    """A whole page of what is played here."""
    return (
        f'<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style><main><h1>{title}</h1>{played}{body}</main></html>"
    )


def pay(token: str, amount: int) -> str:
    """Where a payer decides."""
    hidden = f'<input type="hidden" name="token" value="{escape(token)}">'
    buttons = "".join(
        f'<button name="act" value="{act}">{text}</button>'
        for act, text in (("pay", "پرداخت"), ("cancel", "انصراف"), ("fail", "کارت نامعتبر"))
    )
    return page(
        "درگاه پرداخت بانک (بازی)",
        f'<p>مبلغ: <b>{amount:,}</b> ریال</p><form method="post" action="/decide">{hidden}{buttons}'
        "</form>",
    )


def back(callback: str, fields: Mapping[str, str], outcome: str) -> str:
    """The way back to the merchant, as banks send browsers: by a POST of another site."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    sentence = {
        "PAID": "پرداخت شد.",
        "CANCELLED": "انصراف داده شد.",
        "EXPIRED": "مهلت پرداخت گذشت؛ چیزی پرداخت نشد.",
    }.get(outcome, "پرداخت نشد.")
    return page(
        "نتیجه در بانک (بازی)",
        f'<p>{sentence}</p><form method="post" action="{escape(callback)}">{hidden}'
        "<button>بازگشت به پذیرنده</button></form>",
    )


def counter(form: Mapping[str, str], problem: str = "") -> str:
    """A bill is paid by its two IDs, as at any bank."""
    rows = "".join(
        f'<p><label>{text}<input name="{name}" inputmode="numeric" '
        f'value="{escape(form.get(name, ""))}"></label></p>'
        for name, text in (("bill_id", "شناسه قبض"), ("payment_id", "شناسه پرداخت"))
    )
    alert = f'<p role="alert">{problem}</p>' if problem else ""
    return page(
        "پرداخت قبض (بازی)", f'{alert}<form method="post">{rows}<button>پرداخت</button></form>'
    )


def paid(rials: int, trace: int) -> str:
    """The counter's receipt."""
    return page("قبض پرداخت شد (بازی)", f"<p>{rials:,} ریال؛ شماره پیگیری {trace}</p>")


def unknown() -> str:
    """No such attempt."""
    return page("چنین پرداختی نیست", "<p>از صفحه قبض دوباره آغاز کنید.</p>")
