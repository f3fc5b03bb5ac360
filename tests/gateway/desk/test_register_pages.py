"""The pages of the register of agencies at the desk, with the real service behind them."""

import collections
import datetime as dt
import html
import re
import secrets

import pytest
import requests

from bus.signatures.keys import SigningKey
from iran.persian import jalali, tehran_day
from tests.gateway.desk.seats import Officers, Seat, looked_at, running
from tests.stores import execute

# No key is two agencies': each name has its own.
KEYS: dict[str, str] = collections.defaultdict(
    lambda: SigningKey.new("").public.base64()  # noqa: PLW0108 - a new key each time
)


class Officer(Seat):
    """A browser of an officer of the register who has signed in."""

    root = "/desk/agencies"

    def propose(self, code, **more):
        """The number of a proposal of a new agency, by the form."""
        reply = {
            "act": "agency",
            "code": code,
            "name": "A",
            "name_fa": "دستگاه آزمایشی",
            "key_id": f"{code}-1",
            "public_key": KEYS[code],
            "key_until": "1409/10/10",
            "contract": "inquiry.ask.v1",
            "purposes": "fuel_quota، court_case",
            "grant_until": "1409/10/10",
            "basis": "تفاهم‌نامه ۷",
            "reason": "نامه شماره ۱۲",
        }
        answer = self.post("/new", **{**reply, **more})
        assert answer.status_code == 200, answer.text
        return int(re.search(r"/changes/([0-9]+)\?done=propose", answer.url)[1])

    def version(self, code):
        page = self.get(f"/of/{code}").text
        return int(re.search(r'name="base_version" value="([0-9]+)"', page)[1])


class Register(Officers):
    """A desk with the agencies service beside it; karim is a clerk of the register."""

    beside, seat = "agencies", Officer


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, agencies_template):
    templates = {"ticketing": ticketing_template, "agencies": agencies_template}
    with running(Register, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


@pytest.fixture
def code():
    return f"a-{secrets.token_hex(4)}"


@pytest.fixture
def agency(karim, nader, code):
    """The code of an agency in force."""
    nader.post(f"/changes/{karim.propose(code)}/approve")
    return code


def document(house, code):
    result = execute(house.beside_db, "select document from agencies where code = %s", (code,))
    return result[0][0] if result else None


def state(house, code):
    result = execute(house.beside_db, "select state from agencies where code = %s", (code,))
    return result[0][0]


# --- who may ---


@pytest.mark.parametrize("path", ["", "/new", "/audit"])
def test_each_page_tells_who_acts_and_in_which_role(karim, path):
    answer = karim.get(path)
    assert answer.status_code == 200, answer.text
    assert "<bdi>karim</bdi>: کارشناس دفتر" in answer.text


@pytest.mark.parametrize("path", ["", "/new", "/audit", "/of/a-co", "/changes/1"])
def test_who_is_no_officer_is_told_so(house, path):
    sara = house.sit("sara")
    answer = sara.get(path)
    assert (answer.status_code, "شما به دفتر دستگاه‌ها دسترسی ندارید" in answer.text) == (403, True)
    assert sara.post("/of/a-co/revoke", what="agency", reason="because").status_code == 403


def test_who_has_not_signed_in_is_shown_the_way_in(house):
    answer = requests.get(f"{house.ops}/desk/agencies", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


@pytest.mark.parametrize(
    "path",
    [
        "/new",
        "/of/a-co/revoke",
        "/of/a-co/add/keys",
        "/of/a-co/contacts",
        "/changes/1/approve",
        "/of/a-co/contacts/1/remove",
    ],
)
def test_another_site_cannot_act_in_an_officers_name(mina, path):
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert mina.post(path, headers=header).status_code == 403


# --- proposing and deciding ---


def test_an_agency_proposed_by_a_form_is_in_force_when_another_officer_approved(
    house, karim, nader, code
):
    change = karim.propose(code)
    page = karim.get(f"/changes/{change}").text
    assert "+ code = &#34;" + code in page
    assert "تأیید پیشنهاد" not in page
    refused = karim.post(f"/changes/{change}/approve")
    assert (refused.status_code, "تأییدکننده می‌خواهد" in refused.text) == (403, True)
    assert str(change) in nader.get("").text
    assert nader.post(f"/changes/{change}/approve").url.endswith("done=approve")
    assert document(house, code) == {
        "code": code,
        "name": "A",
        "name_fa": "دستگاه آزمایشی",
        "keys": [{"id": f"{code}-1", "public_key": KEYS[code], "until": "2030-12-31"}],
        "grants": [
            {
                "contract": "inquiry.ask.v1",
                "until": "2030-12-31",
                "basis": "تفاهم‌نامه ۷",
                "purposes": ["fuel_quota", "court_case"],
            }
        ],
    }
    assert "دستگاه آزمایشی" in nader.get("").text


def test_nobody_approves_his_own(mina, code):
    change = mina.propose(code)
    assert "منتظر تأیید نفر دوم است" in mina.get(f"/changes/{change}").text
    refused = mina.post(f"/changes/{change}/approve")
    assert (refused.status_code, "خود شما پیشنهاد داده‌اید" in refused.text) == (403, True)


def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(karim, code):
    answer = karim.post(
        "/new",
        act="agency",
        code=code,
        name="A",
        key_id="k 1",
        public_key="AAAA",
        key_until="1409/13/10",
        contract="inquiry.nothing.v1",
        grant_until="1409/10/10",
        reason="نامه ۱۲",
    )
    assert answer.status_code == 422
    assert 'id="agency-key_id-error">تنها حروف لاتین، رقم و خط تیره' in answer.text
    assert 'id="agency-key_until-error">روز را مانند' in answer.text
    for typed in ("k 1", "1409/13/10", "inquiry.nothing.v1"):
        assert f'value="{typed}"' in answer.text
    mended = karim.post(
        "/new",
        act="agency",
        code=code,
        name="A",
        key_id=f"{code}-1",
        public_key=KEYS[code],
        key_until="1409/10/10",
        contract="inquiry.nothing.v1",
        grant_until="1409/10/10",
        reason="نامه ۱۲",
    )
    assert 'id="agency-contract-error">چنین قراردادی' in mended.text


def test_a_text_is_proposed_compared_and_what_is_wrong_in_it_is_told_by_its_place(
    house, karim, nader, agency
):
    page = karim.get("/new", like=agency).text
    assert f"code = &#34;{agency}&#34;" in page
    text = (
        f'code = "{agency}"\nname = "B"\n[[grants]]\ncontract = "inquiry.*"\nuntil = 2031-01-01\n'
    )
    reply = {"act": "toml", "base_version": str(karim.version(agency)), "reason": "نامه ۱۳"}
    wrong = karim.post("/new", toml=text.replace("inquiry.*", "nothing.*"), **reply)
    assert (wrong.status_code, "grants.0.contract" in wrong.text) == (422, True)
    assert "nothing.*" in wrong.text
    assert "چنین قراردادی برای دستگاه‌ها نیست" in wrong.text
    assert 'id="toml-toml-error"' in karim.post("/new", toml="code = [", **reply).text
    done = karim.post("/new", toml=text, **reply)
    page = karim.get("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1]).text
    assert "<del>- name = &#34;A&#34;</del>" in page
    assert "<ins>+ name = &#34;B&#34;</ins>" in page
    nader.post("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1] + "/approve")
    assert document(house, agency)["name"] == "B"


def test_one_more_key_and_one_more_grant_are_proposed_from_the_agencys_page(
    house, karim, nader, agency
):
    reply = {"base_version": str(karim.version(agency)), "reason": "کلید سال نو"}
    wrong = karim.post(f"/of/{agency}/add/keys", act="add-key", key_id="x", **reply)
    assert 'id="add-key-key_until-error"' in wrong.text
    key = {"key_id": f"{agency}-2", "public_key": KEYS[f"{agency}-2"], "key_until": "1410/01/01"}
    done = karim.post(f"/of/{agency}/add/keys", act="add-key", **key, **reply)
    nader.post("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1] + "/approve")
    assert [key["id"] for key in document(house, agency)["keys"]] == [f"{agency}-1", f"{agency}-2"]
    stale = karim.post(
        f"/of/{agency}/add/keys",
        act="add-key",
        **{**key, "key_id": "z", "public_key": KEYS["z"]},
        **reply,
    )
    assert (stale.status_code, "تغییر کرد" in stale.text) == (409, True)
    reply["base_version"] = str(karim.version(agency))
    grant = {"contract": "inquiry.get.v1", "grant_until": "1410/01/01", "networks": "10.0.0.0/8"}
    done = karim.post(f"/of/{agency}/add/grants", act="add-grant", **grant, **reply)
    nader.post("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1] + "/approve")
    assert document(house, agency)["grants"][1] == {
        "contract": "inquiry.get.v1",
        "until": "2031-03-21",
        "networks": ["10.0.0.0/8"],
        "purposes": [],
    }
    assert 'value="10.0.0.0/8"' in karim.get(f"/of/{agency}", like=2).text, "renewed by its fields"
    assert karim.get(f"/of/{agency}", like=9).status_code == 404


def test_an_exception_of_an_oauth_client_is_proposed_previewed_listed_and_taken_back(
    house, karim, nader, agency
):
    until = tehran_day(dt.datetime.now(dt.UTC)) + dt.timedelta(days=20)
    typed = {
        "act": "add-exception",
        "base_version": str(karim.version(agency)),
        "reason": "نامه دستگاه",
        "allows": "rs256",
        "exception_until": jalali(until).replace("-", "/"),
        "exception_basis": "Their client signs RS256 alone",
    }
    at = f"/of/{agency}/add/exceptions"
    late = jalali(until + dt.timedelta(days=400)).replace("-", "/")
    wrong = karim.post(at, **{**typed, "exception_until": late})
    assert 'id="add-exception-exception_until-error"' in wrong.text
    wrong = karim.post(at, **{**typed, "exception_basis": "", "allows": ""})
    assert 'id="add-exception-exception_basis-error"' in wrong.text
    assert 'id="add-exception-allows-error"' in wrong.text
    done = karim.post(at, **typed)
    assert "امضای RS256" in done.text
    nader.post("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1] + "/approve")
    (exception,) = document(house, agency)["exceptions"]
    assert (exception["allows"], exception["until"]) == ("rs256", until.isoformat())
    page = karim.get(f"/of/{agency}").text
    assert "Their client signs RS256 alone" in page
    row = karim.get("").text.partition("استثناهای ورود (OAuth)")[2]
    assert f"/of/{agency}" in row
    assert "نزدیک" in row
    twice = karim.post(at, **{**typed, "base_version": str(karim.version(agency))})
    assert twice.status_code == 422
    which = {"what": "exception", "id": "rs256", "reason": "نامه ۲"}
    karim.post(f"/of/{agency}/revoke", act="revoke-exception-1", **which)
    assert document(house, agency)["exceptions"] == []


def test_a_key_set_is_proposed_shown_with_its_rules_and_taken_back(house, karim, nader, agency):
    typed = {
        "act": "add-key-set",
        "base_version": str(karim.version(agency)),
        "reason": "نامه دستگاه",
        "url": "https://keys.example/jwks.json",
        "key_set_until": "1409/10/10",
        "wait_minutes": "۹۰",
    }
    at = f"/of/{agency}/add/key_sets"
    wrong = karim.post(at, **{**typed, "url": "https://10.0.0.1/jwks.json"})
    assert 'id="add-key-set-url-error"' in wrong.text
    wrong = karim.post(at, **{**typed, "wait_minutes": "100000"})
    assert 'id="add-key-set-wait_minutes-error"' in wrong.text
    done = karim.post(at, **typed)
    assert "https://keys.example/jwks.json" in done.text
    nader.post("/changes/" + re.search(r"changes/([0-9]+)", done.url)[1] + "/approve")
    (key_set,) = document(house, agency)["key_sets"]
    assert (key_set["wait_minutes"], key_set["until"]) == (90, "2030-12-31")
    assert "کلید تازه 90 دقیقه پس از دیده شدن" in karim.get(f"/of/{agency}").text
    which = {"what": "key_set", "id": "https://keys.example/jwks.json", "reason": "نامه ۲"}
    karim.post(f"/of/{agency}/revoke", act="revoke-key-set-1", **which)
    assert document(house, agency)["key_sets"] == []


def test_a_proposal_is_refused_with_a_reason_or_taken_back(karim, nader, code):
    change = karim.propose(code)
    empty = nader.post(f"/changes/{change}/refuse", act="refuse")
    assert 'id="refuse-why-error"' in empty.text
    done = nader.post(f"/changes/{change}/refuse", act="refuse", why="نامه‌ای نیامده است")
    assert "نامه‌ای نیامده است" in done.text
    again = nader.post(f"/changes/{change}/approve")
    assert "تصمیم گرفته شده است" in again.text
    other = karim.propose(code)
    assert karim.post(f"/changes/{other}/withdraw").url.endswith("done=withdraw")


def test_a_form_that_is_sent_twice_proposes_once(house, karim, code):
    assert karim.propose(code, form="desk-sent-twice-9") == karim.propose(
        code, form="desk-sent-twice-9"
    )


# --- taking back ---


def test_one_officer_takes_a_key_back_with_a_reason_and_then_the_agency(house, karim, agency):
    act = {"act": "revoke-key-1", "what": "key", "id": f"{agency}-1"}
    empty = karim.post(f"/of/{agency}/revoke", **act)
    assert 'id="revoke-key-1-reason-error"' in empty.text
    done = karim.post(f"/of/{agency}/revoke", reason="کلید درز کرده است", **act)
    assert "دیگر پذیرفته نمی‌شود" in done.text
    assert "لغو کلید" in done.text
    assert "کلید درز کرده است" in done.text
    assert document(house, agency)["keys"] == []
    again = karim.post(f"/of/{agency}/revoke", reason="کلید درز کرده است", **act)
    assert (again.status_code, "این حق را اکنون ندارد" in again.text) == (404, True)
    karim.post(f"/of/{agency}/revoke", act="revoke-agency", what="agency", reason="پایان همکاری")
    assert state(house, agency) == "REVOKED"
    assert "لغوشده" in karim.get(f"/of/{agency}").text


def test_a_grant_is_taken_back_by_its_own_button(house, karim, agency):
    page = karim.get(f"/of/{agency}").text
    form = re.search(
        r'name="what" value="grant"><input type="hidden" name="id" value="(\w+)"', page
    )
    act = {"act": "revoke-grant-1", "what": "grant", "id": form[1], "reason": "پایان تفاهم‌نامه"}
    assert karim.post(f"/of/{agency}/revoke", **act).url.endswith("done=revoke")
    assert document(house, agency)["grants"] == []


def test_what_it_serves_and_hears_is_shown_and_taken_back_by_its_own_button(
    house, karim, nader, agency
):
    page = karim.get(f"/new?like={agency}").text
    text = html.unescape(re.search(r'name="toml"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1])
    text += '\n[events]\nhears = ["billing.*"]\n'
    version = karim.version(agency)
    reply = {"act": "toml", "toml": text, "base_version": version, "reason": "نامه ۱۲"}
    change = re.search(r"/changes/([0-9]+)\?", karim.post("/new", **reply).url)[1]
    nader.post(f"/changes/{change}/approve")
    assert 'name="what" value="hearing"><input type="hidden" name="id" value="billing.*"' in (
        karim.get(f"/of/{agency}").text
    )
    act = {"act": "revoke-hearing-1", "what": "hearing", "id": "billing.*", "reason": "پایان کار"}
    assert karim.post(f"/of/{agency}/revoke", **act).url.endswith("done=revoke")
    assert document(house, agency)["events"] == {"hears": []}
    assert "لغو دریافت رویداد" in karim.get(f"/of/{agency}").text


def test_a_subsystem_names_its_member_and_is_gone_with_it(house, karim, nader, agency):
    own = f"{agency}-sub"
    text = f'code = "{own}"\nname = "Fees"\nmember = "{agency}"\n'
    reply = {"act": "toml", "toml": text, "base_version": 0, "reason": "نامه ۱۳"}
    change = re.search(r"/changes/([0-9]+)\?", karim.post("/new", **reply).url)[1]
    nader.post(f"/changes/{change}/approve")
    page = karim.get(f"/of/{own}").text
    assert "کلیدی ندارد" in page
    assert f'زیرسامانه <a href="/desk/agencies/of/{agency}">' in page
    act = {"act": "revoke-agency", "what": "agency", "id": agency, "reason": "پایان کار"}
    assert karim.post(f"/of/{agency}/revoke", **act).url.endswith("done=revoke")
    assert "لغوشده" in karim.get(f"/of/{own}").text


# --- contacts and the audit ---


def test_contacts_are_added_and_removed_by_one_officer(house, karim, agency):
    reply = {"act": "contact", "role": "technical", "name": "زهرا کاظمی", "email": "z@example.ir"}
    wrong = karim.post(f"/of/{agency}/contacts", **{**reply, "mobile": "12"})
    assert 'id="contact-mobile-error"' in wrong.text
    done = karim.post(f"/of/{agency}/contacts", **reply, mobile="۰۹۹۰۰۰۰۰۰۰۱")
    assert "زهرا کاظمی" in done.text
    id_ = re.search(r"/contacts/([0-9]+)/remove", done.text)[1]
    assert "زهرا" not in karim.post(f"/of/{agency}/contacts/{id_}/remove").text
    assert "زهرا" not in karim.get("/audit").text


def test_p33_the_audit_tells_what_each_act_was_about_in_persian(karim, agency):
    contact = {"act": "contact", "role": "technical", "name": "زهرا", "email": "z@example.ir"}
    karim.post(f"/of/{agency}/contacts", **contact)
    for page in (karim.get("/audit").text, karim.get(f"/of/{agency}").text):
        assert not re.search(r"[0-9]+ by [a-z]+|[0-9]+ technical", page)
        assert re.search(r"<bdi>پیشنهاد [0-9]+ از karim</bdi>", page)
        assert re.search(r"<bdi>تماس [0-9]+، فنی</bdi>", page)


def test_the_audit_tells_who_did_what_and_goes_on_page_by_page(house, karim, agency):
    page = karim.get("/audit", code=agency).text
    assert page.index("<bdi>nader</bdi></td><td>تأیید") < page.index(
        "<bdi>karim</bdi></td><td>پیشنهاد"
    )
    for _ in range(51):
        execute(
            house.beside_db,
            "insert into agency_audit (at, who, what, code) values "
            "(now(), 'mirab', 'end', 'many-co')",
        )
    page = karim.get("/audit").text
    following = re.search(r'rel="next" href="\?before=([0-9]+)"', page)[1]
    assert "many-co" in karim.get("/audit", before=following).text


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/new", {}),
        ("/new", {"act": "toml", "base_version": "x" * 5000, "toml": "\x00"}),
        ("/new", {"act": "agency", "per_day": "9" * 5000, "networks": "a,b"}),
        ("/of/no-co/revoke", {"what": "agency", "reason": "because"}),
        ("/of/no-co/revoke", {"what": "nothing"}),
        ("/of/no-co/add/keys", {}),
        ("/of/no-co/add/nothing", {}),
        ("/of/no-co/contacts", {"role": "x"}),
        ("/changes/9999999/approve", {}),
        ("/changes/99999999999999999999/approve", {}),
        ("/changes/1/nothing", {}),
    ],
)
def test_bad_input_is_told_and_never_an_error_of_ours(mina, path, data):
    assert mina.post(path, **data).status_code in (404, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/of/no-co",
        "/of/%2e%2e",
        "/of/" + "x" * 300,
        "/changes/9999999",
        "/new?like=no-co",
        "/audit?code=" + "x" * 300,
        "/audit?before=x",
    ],
)
def test_bad_addresses_are_told_and_never_an_error_of_ours(mina, path):
    assert mina.get(path).status_code in (200, 404, 422)


def test_p29_the_approver_sees_the_days_that_were_typed(karim, nader, code):
    page = nader.get(f"/changes/{karim.propose(code)}").text
    visible = page.split("<main")[1].split("<details")[0]
    assert "1409/10/10" in visible
    assert "2030-12-31" not in visible
    assert "سهمیه سوخت چاه" in visible


def test_a_right_is_written_by_choices_shown_in_words_and_compared_in_sentences(
    karim, nader, agency
):
    page = karim.get(f"/of/{agency}").text
    assert '<option value="inquiry.ask.v1">استعلام، پرسیدن وضعیت' in page
    assert 'name="purposes" value="fuel_quota"' in page
    sheet = re.sub("<[^>]*>", " ", page.split('aria-label="مجوز 1"')[1].split("</section>")[0])
    for part in ("سهمیه سوخت چاه", "تفاهم‌نامه ۷", "بدون سقف", "1409/10/10"):
        assert part in sheet
    reply = {"base_version": str(karim.version(agency)), "reason": "نامه ۱۴"}
    grant = {
        "contract": "inquiry.get.v1",
        "grant_until": "1410/01/01",
        "per_day": "۵۰۰۰",
        "purposes": ["fuel_quota", "court_case"],
    }
    done = karim.post(f"/of/{agency}/add/grants", act="add-grant", **grant, **reply)
    lines = re.sub("<[^>]*>", "", done.text)
    assert re.search("مجوز استعلام، دیدن دوباره پاسخ [^:]*افزوده می‌شود: ", lines)
    assert "سقف روزانه: 5,000 پرسش در روز" in lines
    assert "اعتبار تا: 1410/01/01" in lines


def test_p28_a_grant_that_has_ended_is_marked_in_list_and_document(house, karim, agency):
    execute(
        house.beside_db,
        "update agencies set document = jsonb_set(document, '{grants,0,until}', "
        "'\"2025-03-20\"') where code = %s",
        (agency,),
    )
    page = karim.get(f"/of/{agency}").text
    assert page.count("پایان‌یافته") >= 3
    assert "1403/12/30، پایان‌یافته" in page.split("<pre")[1]
    assert "<small>1 پایان‌یافته</small>" in karim.get("").text, "the next to end stands first"


def test_p8_an_agency_that_changed_after_it_was_looked_at_is_not_revoked(karim, agency):
    look = karim.press(f"/of/{agency}/revoke", act="r", what="agency", reason="پایان همکاری")
    assert "هنوز چیزی انجام نشده است" in look.text
    fields = [(n, "1" if n == "version" else v) for n, v in looked_at(look)]
    reply = karim.session.post(look.url, data=[*fields, ("looked", "1")], timeout=30)
    assert (reply.status_code, "تغییر کرد" in reply.text) == (409, True)
