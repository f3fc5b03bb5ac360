"""Phrases of public reports that are hidden: who reads them still, and who by no way."""

import pytest

from bus.errors import ContractError
from contracts.ticketing import desk as at_desk
from contracts.ticketing import public as of_all
from contracts.ticketing.civic import blanking
from services.ticketing.context import SYSTEM
from services.ticketing.privacy import emptying
from tests.stores import execute
from tests.ticketing.civic.test_updates import listed, report
from tests.ticketing.conftest import SECRET

HIDDEN = "[پنهان شد]"
WHY = "نام همسایه در متن بود."


def blank(hand, code, phrase, as_="karim", **more):
    return hand.act(blanking.BLANK, code, as_, **{"phrase": phrase, "text": WHY, **more})


def public(hand, code):
    (row,) = hand.call(of_all.LIST_PUBLIC, codes=[code])["tickets"]
    return row


def words(hand, code, **more):
    return hand.call(blanking.PUBLIC_WORDS, as_="karim", code=code, **more)


@pytest.mark.parametrize(
    ("text", "phrase", "shown"),
    [
        ("آقاي كاظمي چاه می‌زند", "آقای کاظمی", f"{HIDDEN} چاه می‌زند"),
        ("علی‌رضا، عليرضا و علی رضا", "علیرضا", f"{HIDDEN}، {HIDDEN} و {HIDDEN}"),
        ("حسن و محمدحسن و حسنی", "حسن", f"{HIDDEN} و محمدحسن و حسنی"),
        ("پلاک ۱۲-۳۴۵ ایران", "12345", f"پلاک {HIDDEN} ایران"),
        ("مسئول و مسؤول آنجا", "مسوول", f"{HIDDEN} و {HIDDEN} آنجا"),
    ],
)
def test_a_phrase_is_hidden_however_it_is_spelt(hand, text, phrase, shown):
    code = hand.register(public=True, text=text)
    assert blank(hand, code, phrase)["code"] == code
    assert public(hand, code)["description"] == shown
    assert hand.track(code)["text"] == hand.read(code)["text"] == text


def test_one_place_of_a_phrase_is_hidden_and_the_others_stay(hand):
    code = hand.register(public=True, text="رضا نزد رضا است و رضا نیست.")
    assert words(hand, code, phrase="رضا", nth=2)["places"] == 1
    blank(hand, code, "رضا", nth=2)
    assert public(hand, code)["description"] == f"رضا نزد {HIDDEN} است و رضا نیست."
    refusal = blank(hand, code, "رضا", nth=4)
    assert (refusal["code"], refusal["fields"][0]["field"]) == ("field.wrong", "nth")


def test_what_is_hidden_can_be_found_by_no_search(hand):
    name = "پرویز شاه‌محمدی"
    code = hand.register(public=True, text=f"{name} کنار قنات چاه می‌زند.")
    like = {"category": "illegal_well", "text": name}
    assert [row["code"] for row in hand.call(of_all.NEARBY, **like)["tickets"]] == [code]
    blank(hand, code, name)
    assert hand.call(of_all.NEARBY, **like)["tickets"] == []
    hand.act(at_desk.NOTE, code, text=f"{name} را می‌شناسیم.")
    assert hand.call(of_all.NEARBY, **like)["tickets"] == []
    by_colleague = execute(hand.db, "select search from tickets where code = %s", (code,))[0][0]
    assert "شاه محمدی" in by_colleague


def test_later_answers_and_the_place_hide_it_too(hand):
    code = report(hand, text="Mr Bahrami drills.", address="Behind Bahrami's house", county="")
    blank(hand, code, "Bahrami")
    assert public(hand, code)["address"] == f"Behind {HIDDEN}'s house"
    hand.answer(code, "We spoke to Mr Bahrami.", final=False)
    assert listed(hand, "fms", words=True)[0]["text"] == f"We spoke to Mr {HIDDEN}."
    assert hand.track(code)["history"][-1]["text"] == "We spoke to Mr Bahrami."


def test_numbers_of_persons_are_hidden_before_anybody_reads_a_report(hand):
    text = "به ۰۹۱۲ ۱۲۳ ۴۵۶۷ یا ali@example.com بگویید؛ کد ملی 0499370899، پرونده 123456."
    code = hand.register(public=True, text=text)
    shown = f"به {HIDDEN} یا {HIDDEN} بگویید؛ کد ملی {HIDDEN}، پرونده 123456."
    assert public(hand, code)["description"] == shown
    (entry,) = words(hand, code)["phrases"]
    assert entry["actor"] == SYSTEM
    assert hand.acts(hand.register(text=text)) == ["register"], "nobody else reads that one"
    done = hand.act(blanking.UNBLANK, code, entry=entry["entry"], text="شماره اداره است.")
    assert done["code"] == code
    assert public(hand, code)["description"] == text
    assert words(hand, code)["proposed"] == ["ali@example.com", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "0499370899"]


def test_its_writer_reads_why_and_who_did_it_stands_in_the_log(hand):
    code = hand.register(public=True, text="کاظم آنجاست، نزد قنات.")
    blank(hand, code, "کاظم")
    entry = hand.track(code)["history"][-1]
    assert (entry["act"], entry["text"]) == ("blank", WHY)
    assert hand.read(code)["history"][-1]["actor"] == "karim"
    (kept,) = words(hand, code)["phrases"]
    assert (kept["phrases"], kept["actor"], kept["text"]) == (["کاظم"], "karim", WHY)
    assert listed(hand) == [], "that something was hidden is no news for others"


def test_an_undone_blank_shows_its_phrase_and_no_other(hand):
    code = hand.register(public=True, text="کاظم و بهرام آنجایند.")
    for phrase in ("کاظم", "بهرام"):
        blank(hand, code, phrase)
    first = words(hand, code)["phrases"][0]["entry"]
    assert words(hand, code, entry=first)["text"] == f"کاظم و {HIDDEN} آنجایند."
    hand.act(blanking.UNBLANK, code, entry=first, text="نام خود اوست.")
    assert public(hand, code)["description"] == f"کاظم و {HIDDEN} آنجایند."
    again = hand.act(blanking.UNBLANK, code, entry=first, text="نام خود اوست.")
    assert again["code"] == "field.wrong"


@pytest.mark.parametrize(("phrase", "fault"), [("ناصر", "absent"), ("، ـ", "short")])
def test_what_is_not_there_is_refused_and_hides_nothing(hand, phrase, fault):
    code = hand.register(public=True, text="کاظم آنجاست، نزد قنات.")
    refusal = blank(hand, code, phrase)
    assert (refusal["fields"][0]["field"], refusal["fields"][0]["code"]) == ("phrase", fault)
    assert hand.acts(code) == ["register"]


def test_only_the_unit_of_a_public_report_hides_and_a_reason_is_needed(hand):
    code, private = hand.register(public=True), hand.register()
    assert blank(hand, code, "قنات", as_="sara")["code"] == "desk.unit"
    assert blank(hand, private, "قنات")["code"] == "ticket.move"
    with pytest.raises(ContractError):
        blank(hand, code, "قنات", text="")
    assert {"blank", "unblank"} & set(hand.read(private)["may"]) == set()
    assert "unblank" not in hand.read(code)["may"]
    at_private = words(hand, private)
    assert (at_private["public"], at_private["text"]) == (False, "")


def test_an_emptied_report_keeps_no_hidden_phrase(hand):
    code = hand.register(public=True, text="کاظم آنجاست، نزد قنات.")
    blank(hand, code, "کاظم")
    ticket = execute(hand.db, "select id from tickets where code = %s", (code,))[0][0]
    with hand.store.transaction() as tx:
        emptying.empty(hand.service.context(tx), ticket)
    columns = "public_text, public_address, public_search"
    assert execute(hand.db, f"select {columns} from tickets where id = {ticket}") == [(None,) * 3]
    logs = execute(hand.db, f"select data::text from ticket_events where ticket = {ticket}")
    assert not any("کاظم" in data for (data,) in logs)


def test_a_report_that_its_writer_takes_back_is_read_by_nobody(hand):
    code = hand.register(public=True, text="کاظم آنجاست، نزد قنات.")
    blank(hand, code, "کاظم")
    hand.call(of_all.UNPUBLISH, code=code, secret=SECRET)
    assert hand.call(of_all.LIST_PUBLIC, codes=[code])["tickets"] == []
    assert blank(hand, code, "قنات")["code"] == "ticket.move"
