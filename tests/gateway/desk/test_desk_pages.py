"""The desk's doors: who gets in, by which login, and what other sites can not make a clerk do."""

import html
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import tinyhtml5
from joserfc.jwk import RSAKey

from deploy.local.ports import free_port
from services.ticketing.accounts import staff
from tests.gateway.conftest import begin
from tests.gateway.desk import oidc_provider
from tests.gateway.desk.seats import Seat, forget_session_of, session_of, signed_in
from tests.gateway.desk.trees import tree_of
from tests.processes import Starter, run_main
from tests.waiting import wait_for


@pytest.fixture
def sat(shared_desk):
    """A browser of a colleague who has signed in."""
    return lambda username="mina": session_of(shared_desk, username)


def registered(desk, **more):
    response = requests.post(
        f"{desk.portal}/v1/tickets",
        json={
            "kind": "complaint",
            "category": "illegal_well",
            "text": "چاه می‌زنند",
            "declared": True,
            "name": "زهرا کاظمی",
            # Somebody of its own: the acknowledgements to one address have a limit.
            "email": f"{uuid.uuid4().hex}@example.com",
            **more,
        },
        headers={"Idempotency-Key": f'"{uuid.uuid4()}"'},
        timeout=20,
    )
    assert response.status_code == 201, response.text
    return response.json()


@pytest.mark.parametrize("path", ["", "/tickets/4052138845", "/calendar", "/figures", "/telephone"])
def test_who_is_not_signed_in_is_shown_the_way_in(shared_desk, path):
    answer = requests.get(f"{shared_desk.ops}/desk{path}", allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")


@pytest.mark.parametrize("path", ["figures", "figures/alerts", "figures/forms"])
def test_figures_are_read_by_heads_and_supervisors_alone(shared_desk, sat, path):
    pages = {
        name: sat(name).get(f"{shared_desk.ops}/desk/{path}", timeout=20)
        for name in ("karim", "mina", "nader")
    }
    assert {name: page.status_code for name, page in pages.items()} == {
        "karim": 403,
        "mina": 200,
        "nader": 200,
    }
    assert "نقش" in pages["karim"].text


def test_a_wrong_password_gets_nobody_in(shared_desk):
    session = signed_in(shared_desk, "karim", "wrong password")
    answer = session.get(f"{shared_desk.ops}/desk", allow_redirects=False, timeout=20)
    assert answer.status_code == 303


def test_a_cookie_of_ones_own_making_gets_nobody_in(shared_desk, sat):
    sealed = sat().cookies["mirab_desk"]
    for forged in (sealed[:-4] + "AAAA", "x", ""):
        answer = requests.get(
            f"{shared_desk.ops}/desk",
            cookies={"mirab_desk": forged},
            allow_redirects=False,
            timeout=20,
        )
        assert answer.status_code == 303


def test_another_site_cannot_act_in_a_clerks_name(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = session.post(
            f"{shared_desk.ops}/desk/tickets/{code}/note",
            data={"version": "1", "text": "x"},
            headers=header,
            timeout=20,
        )
        assert answer.status_code == 403


def test_a_form_that_is_sent_twice_is_one_act(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    page = session.get(f"{shared_desk.ops}/desk/tickets/{code}", timeout=20).text
    form = re.search(r'name="form" value="([^"]+)"', page)[1]
    for _ in range(2):
        answer = session.post(
            f"{shared_desk.ops}/desk/tickets/{code}/note",
            data={"version": "1", "text": "یک بار", "form": form},
            timeout=20,
        )
        assert answer.status_code == 200
    assert answer.text.count("یک بار") == 1


def test_what_was_typed_stays_when_somebody_was_faster(shared_desk, sat):
    code, mina, karim = registered(shared_desk)["code"], sat(), sat("karim")
    url = f"{shared_desk.ops}/desk/tickets/{code}/answer"
    karim.post(url, data={"version": "1", "text": "پیش‌نویس کریم", "draft": "1"}, timeout=20)
    mina.post(url, data={"version": "1", "text": "پاسخ مینا", "looked": "1"}, timeout=20)
    late = karim.post(url, data={"version": "1", "text": "پاسخ کریم", "looked": "1"}, timeout=20)
    assert late.status_code == 409
    assert "همکار دیگری هم‌زمان کاری کرد" in late.text
    assert "پاسخ کریم" in late.text, "also where the act is not open any more"
    response = requests.get(
        f"{shared_desk.ops}/desk/tickets/{code}", cookies=karim.cookies, timeout=20
    )
    assert "پاسخ کریم" not in response.text
    assert "پیش‌نویس کریم" in response.text, "what waited to be sent is not lost"


def test_a_ticket_is_sent_to_another_organisation_after_a_look_at_what_goes(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat("karim")
    url = f"{shared_desk.ops}/desk/tickets/{code}/forwarding"
    ticket = session.get(f"{shared_desk.ops}/desk/tickets/{code}", timeout=20).text
    assert f'href="/desk/tickets/{code}/forwarding"' in ticket
    other = registered(shared_desk, category="river_bed")["code"]
    shown = sat("nader").get(f"{shared_desk.ops}/desk/tickets/{other}", timeout=20).text
    assert f"/{other}/note" in shown
    assert f"/{other}/forwarding" not in shown, "nobody takes that category"
    page = session.get(url, timeout=20).text
    tinyhtml5.parse(page)
    assert "آبفای همسایه" in page
    form = {
        "form": re.search(r'name="form" value="([^"]+-forward)"', page)[1],
        "version": re.search(r'name="version" value="([^"]+)"', page)[1],
        "city": "neighbour",
        "text": "چاه می‌زنند",
        "address": "کنار پل",
    }
    for more in ({}, {"with_contact": "1"}):  # it is not public, or names somebody
        form.update(more)
        refused = session.post(url, data=form, timeout=20)
        assert refused.status_code == 422
        assert "بنویسید شهروند چگونه و چه زمانی رضایت داد" in refused.text
    form["consent"] = "امروز با تلفن گفت"
    preview = session.post(url, data=form, timeout=20).text
    assert "نام، پست الکترونیک و همراه شهروند" in preview
    assert "آبفای همسایه" in preview
    for _ in range(2):  # the same form is one act
        done = session.post(url, data={**form, "looked": "1"}, timeout=20)
        assert done.status_code == 200, done.text
    tinyhtml5.parse(done.text)
    assert done.text.count("در نوبت فرستادن") >= 1
    other = {**form, "looked": "1", "form": form["form"].replace("-forward", "x-forward")}
    again = session.post(url, data={**other, "version": "2"}, timeout=20)
    assert (again.status_code, "پیش‌تر برای همان سازمان" in again.text) == (409, True)
    listed = session.get(f"{shared_desk.ops}/desk/forwardings", timeout=20)
    assert "هیچ پرونده‌ای گیر نکرده است" in listed.text
    tinyhtml5.parse(listed.text)
    wrong = {"forwarding": "1", "outcome": "taken", "form": "a-resolve"}
    unnamed = session.post(f"{url}/resolve", data=wrong, timeout=20)
    assert (unnamed.status_code, "شماره در آنجا" in unnamed.text) == (422, True)


def test_a_clerk_writes_down_what_a_farmer_says_on_the_telephone(shared_desk, sat):
    session = sat("karim")
    url = f"{shared_desk.ops}/desk/telephone"
    data = {
        "kind": "objection",
        "about_kind": "violation",
        "about_ref": "V-1405/17",
        "category": "",
        "text": "آب چاه ما کم شده",
        "privacy": "private",
        "name": "مش رجب",
        "mobile": "۰۹۱۲۱۲۳۴۵۶۷",
        "declared": "1",
        "form": f"desk-{uuid.uuid4()}",
    }
    unchosen = session.post(url, data=data, timeout=20)
    assert unchosen.status_code == 422
    assert "موضوع: از فهرست انتخاب کنید." in unchosen.text
    answer = session.post(url, data=data | {"category": "illegal_well"}, timeout=20)
    code, secret = (
        re.sub(r"\D", "", item)
        for item in re.findall(r'<dd><bdi dir="ltr">([0-9 ]+)</bdi></dd>', answer.text)
    )
    body = requests.get(
        f"{shared_desk.portal}/v1/tickets/{code}", headers={"Ticket-Secret": secret}, timeout=20
    ).json()
    assert body["text"] == "آب چاه ما کم شده"
    another = session.get(url, params={"like": code}, timeout=20).text
    assert "مش رجب" in another
    assert 'value="objection" selected' not in another, "another matter is no objection to that"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("tickets/4052138845/answer", {"version": "x", "text": ""}),
        ("tickets/abc/answer", {}),
        ("tickets/4052138845/nothing", {}),
        ("calendar/row", {"kind": "hours"}),
        ("calendar/slots", {"minutes": "many"}),
        ("calendar/nothing", {}),
        ("telephone", {"kind": "poem"}),
    ],
)
def test_bad_input_is_told_and_never_an_error_of_ours(shared_desk, sat, path, data):
    answer = sat("nader").post(f"{shared_desk.ops}/desk/{path}", data=data, timeout=20)
    assert answer.status_code in (404, 415, 422)


# --- the organisation's own login ---


def face_with(start, desk, issuer):
    """The address of one more face of the desk, with the organisation's login."""
    port = free_port()
    start(
        "gateway.desk",
        **desk.environ,
        PORT=str(port),
        OIDC_ISSUER=issuer,
        OIDC_CLIENT_ID=oidc_provider.CLIENT,
        OIDC_CLIENT_SECRET=oidc_provider.SECRET,
    )
    url = f"http://127.0.0.1:{port}/desk"
    wait_for(lambda: up(url), 30)
    return url


@pytest.fixture(scope="module")
def login(shared_desk, tmp_path_factory):
    """A desk's face with the organisation's login, and that login, for the tests of this file."""
    provider, starter = oidc_provider.Provider(), Starter(tmp_path_factory.mktemp("login"))
    url = face_with(starter, shared_desk, provider.issuer)
    link(shared_desk, provider, "mina")
    yield url, provider
    starter.end()
    provider.end()


@pytest.fixture
def with_login(login):
    """The same, at whose login again nothing is wrong."""
    url, provider = login
    provider.be_good()
    return url, provider


def link(desk, provider, username, subject="17"):
    linked = run_main(
        staff.main,
        "link",
        username,
        "--issuer",
        provider.issuer,
        "--subject",
        subject,
        DB_URL=desk.db,
    )
    assert linked.returncode == 0, linked.stderr
    forget_session_of(desk, username)


def up(url):
    try:
        return requests.get(f"{url}/sign-in", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_organisations_login_opens_the_desk(with_login):
    url, _ = with_login
    session = requests.Session()
    answer = session.get(f"{url}/oidc", timeout=20)
    assert answer.url == url
    assert "صف کار" in answer.text


def test_somebody_without_an_account_at_the_desk_is_not_let_in(with_login):
    url, provider = with_login
    provider.user, provider.claims = "stranger", {"sub": "99"}
    session = requests.Session()
    answer = session.get(f"{url}/oidc", timeout=20)
    assert answer.status_code == 401
    assert "99" in answer.text
    assert "mirab_desk" not in session.cookies


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-client"},
        {"iss": "http://evil.example"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"sub": None},
        {"aud": ["mirab-desk", "another-client"]},
        {"azp": "another-client"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_token_that_is_not_for_us_now_is_refused(with_login, claims):
    url, provider = with_login
    provider.claims = claims
    session = requests.Session()
    answer = session.get(f"{url}/oidc", timeout=20)
    assert answer.status_code == 401
    assert "mirab_desk" not in session.cookies


def test_a_token_signed_by_another_key_is_refused(with_login):
    url, provider = with_login
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert requests.Session().get(f"{url}/oidc", timeout=20).status_code == 401


def test_an_answer_to_a_sign_in_that_this_browser_did_not_begin_is_refused(with_login):
    url, _ = with_login
    session = requests.Session()
    begun = session.get(f"{url}/oidc", allow_redirects=False, timeout=20)
    back = requests.get(begun.headers["location"], allow_redirects=False, timeout=20)
    other = requests.get(back.headers["location"], timeout=20)
    assert other.status_code == 401


def test_while_the_login_is_away_the_page_says_so(shared_desk, start):
    url = face_with(start, shared_desk, f"http://127.0.0.1:{free_port()}")
    answer = requests.get(f"{url}/oidc", timeout=20)
    assert answer.status_code == 503


def test_s24_the_account_is_the_subject_whatever_the_holder_calls_himself(with_login, shared_desk):
    url, provider = with_login
    provider.user, provider.claims = "nader", {"sub": "18", "email": "nader@water.example"}
    session = requests.Session()
    answer = session.get(f"{url}/oidc", timeout=20)
    assert answer.status_code == 401, "a claim that can be changed opened the account of nader"
    asked_for = run_main(staff.main, "logins", DB_URL=shared_desk.db).stdout
    assert f"{provider.issuer} 18 (the login says nader)" in asked_for
    link(shared_desk, provider, "karim", "18")
    assert session.get(f"{url}/oidc", timeout=20).url == url
    assert "karim" in session.get(f"{url}/account", timeout=20).text
    provider.user = "somebody else"
    assert session.get(f"{url}/oidc", timeout=20).url == url


def test_s24_an_answer_that_names_another_login_is_refused(with_login):
    url, _ = with_login
    session = requests.Session()
    begun = session.get(f"{url}/oidc", allow_redirects=False, timeout=20)
    back = requests.get(begun.headers["location"], allow_redirects=False, timeout=20)
    mixed_up = f"{back.headers['location']}&iss=https%3A%2F%2Fevil.example"
    assert session.get(mixed_up, timeout=20).status_code == 401


def test_s24_who_leaves_the_login_leaves_the_desk(with_login, shared_desk):
    url, provider = with_login
    session = requests.Session()
    session.get(f"{url}/oidc", timeout=20)
    for wrong in (
        {"nonce": "of a sign-in"},
        {"events": {}},
        {"sub": "another"},
        {"iat": int(time.time()) - 4000},
    ):
        token = provider.logout_token(**wrong)
        requests.post(f"{url}/oidc/logout", data={"logout_token": token}, timeout=20)
        assert session.get(url, allow_redirects=False, timeout=20).status_code == 200, wrong
    fields = {"logout_token": provider.logout_token()}
    forget_session_of(shared_desk, "mina")
    assert requests.post(f"{url}/oidc/logout", data=fields, timeout=20).status_code == 200
    assert session.get(url, allow_redirects=False, timeout=20).status_code == 303


# --- a calendar by which nothing could end ---


def test_l9_the_desk_refuses_a_closure_of_ten_years_and_asks_about_one_of_six_weeks(
    shared_desk, sat
):
    row = {"kind": "closure", "from_day": "1410/09/08", "title": "بازسازی", "source": "مصوبه"}
    seat = Seat(shared_desk, "nader")
    endless = seat.post("/calendar/row", **row, to_day="1420/10/01")
    assert endless.status_code == 422
    assert "هیچ مهلتی به پایان نمی‌رسد" in endless.text
    long = seat.post("/calendar/row", **row, to_day="1410/10/20")
    assert long.status_code == 422
    assert 'name="confirmed"' in long.text
    assert "بازسازی" in long.text
    assert registered(shared_desk)["solution_due"]


def closed_day(seat, title, day="1411/02/05"):
    """The page before a closed day is added to the calendar."""
    return seat.press("/calendar/row", kind="closure", from_day=day, title=title, source="مصوبه ۹")


def test_p7_a_row_of_the_calendar_is_looked_at_before_it_is_added(shared_desk):
    seat = Seat(shared_desk, "nader")
    look = closed_day(seat, "روز آزمون")
    assert "این ردیف به تقویم افزوده می‌شود" in look.text
    assert "1411/02/05 تا همان روز" in look.text
    assert "روز آزمون" not in seat.get("/calendar").text
    assert "روز آزمون" in seat.confirm(look).text


def test_p7_no_row_is_withdrawn_when_the_calendar_changed_after_the_look(shared_desk):
    seat, other = Seat(shared_desk, "nader"), Seat(shared_desk, "nader")
    page = seat.confirm(closed_day(seat, "روز رقابت", "1411/03/05")).text
    table = page.split('aria-label="ردیف‌های تقویم"')[1]
    row = re.search('name="row" value="([0-9]+)"', table[table.index("روز رقابت") :])[1]
    look = seat.press("/calendar/withdraw", row=row, source="مصوبه ۱۰")
    other.confirm(closed_day(other, "روز دیگر", "1411/04/05"))
    late = seat.confirm(look)
    assert (late.status_code, "تقویم پس از نگاه شما تغییر کرد" in late.text) == (409, True)
    again = seat.post("/calendar/withdraw", row=row, source="مصوبه ۱۰")
    assert "روز رقابت" not in again.text


def test_l11_metrics_tell_how_long_the_holidays_are_known(shared_desk, start):
    text = requests.get(f"{begin(start, 'ops', **shared_desk.environ)}/metrics", timeout=30).text
    (line,) = (
        line
        for line in text.splitlines()
        if line.startswith('mirab_book_ends_seconds{book="holidays"')
    )
    assert float(line.split()[-1]) > 0
    assert 'mirab_worries{service="ticketing",what="tickets_without_due"} 0.0' in text


# --- what a colleague typed ---

NOTE_TEXT = "با مالک تماس گرفته شد.\nفردا ساعت ۹ بازدید."


def fields_of(page, action):
    """The fields of the form with that action, as a browser would send them."""
    tree = tree_of(page)
    (form,) = [form for form in tree.iter("form") if form.get("action") == action]
    inputs = [field for field in form.iter("input") if field.get("type") != "file"]
    typed = {field.get("name"): field.get("value", "") for field in inputs}
    return typed | {area.get("name"): area.text or "" for area in form.iter("textarea")}


def a_note(session, desk, code):
    """The fields of the note form of a ticket, with a text."""
    page = session.get(f"{desk.ops}/desk/tickets/{code}", timeout=20).text
    return {**fields_of(page, f"/desk/tickets/{code}/note"), "text": NOTE_TEXT}


def notes(session, desk, code):
    page = session.get(f"{desk.ops}/desk/tickets/{code}", timeout=20).text
    return page.count("فردا ساعت ۹ بازدید")


def test_p2_what_was_typed_outlives_the_session_and_is_sent_after_signing_in(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    path, typed = f"/desk/tickets/{code}/note", a_note(session, shared_desk, code)
    stranger = requests.Session()
    answer = stranger.post(shared_desk.ops + path, data=typed, timeout=20)
    assert (answer.status_code, "فردا ساعت ۹ بازدید" in answer.text) == (401, True)
    door = fields_of(answer.text, "/desk/sign-in")
    wrong = {**door, "username": "mina", "password": "not hers"}
    answer = stranger.post(f"{shared_desk.ops}/desk/sign-in", data=wrong, timeout=20)
    assert answer.status_code == 401
    right = {**fields_of(answer.text, "/desk/sign-in"), "username": "mina"}
    right["password"] = shared_desk.password
    answer = stranger.post(f"{shared_desk.ops}/desk/sign-in", data=right, timeout=20)
    again = fields_of(answer.text, path)
    assert {name: again[name].replace("\r\n", "\n") for name in typed} == typed
    assert notes(session, shared_desk, code) == 0
    answer = stranger.post(shared_desk.ops + path, data=again, timeout=20, allow_redirects=False)
    assert answer.status_code == 303
    assert notes(session, shared_desk, code) == 1


def test_p2_a_form_that_another_site_sends_is_not_shown_for_sending_again(shared_desk):
    answer = requests.post(
        f"{shared_desk.ops}/desk/tickets/4052138845/note",
        data={"text": NOTE_TEXT},
        headers={"Origin": "https://evil.example"},
        timeout=20,
    )
    assert (answer.status_code, "بازدید" in answer.text) == (403, False)


@pytest.mark.parametrize("action", ["//evil.example/desk/x", "https://evil.example/", "/v1/x"])
def test_what_is_carried_through_the_sign_in_goes_to_the_desk_alone(shared_desk, action):
    answer = requests.post(
        f"{shared_desk.ops}/desk/sign-in",
        data={
            "username": "mina",
            "password": shared_desk.password,
            "kept_action": action,
            "kept.text": NOTE_TEXT,
        },
        allow_redirects=False,
        timeout=20,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_p3_a_form_sent_three_times_at_once_is_done_once_and_said_to_be_done(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    path, typed = f"/desk/tickets/{code}/note", a_note(session, shared_desk, code)

    def send(_):
        return session.post(
            shared_desk.ops + path, data=typed, timeout=30, allow_redirects=False
        ).status_code

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(send, range(3))) == [303] * 3
    assert notes(session, shared_desk, code) == 1


# --- acts of weight, and words to a clerk ---


def page_of(session, desk, code):
    return session.get(f"{desk.ops}/desk/tickets/{code}", timeout=20).text


def history_of(session, desk, code):
    return page_of(session, desk, code).split('<ol class="timeline">')[1].split("</ol>")[0]


def send(session, desk, code, act, **data):
    form = {"version": "1", "form": f"desk-{uuid.uuid4()}", **data}
    return session.post(f"{desk.ops}/desk/tickets/{code}/{act}", data=form, timeout=20)


def test_p7_a_prepared_text_stands_in_the_box_before_it_goes(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    page = page_of(session, shared_desk, code)
    canned = re.search(r'name="canned" value="([a-z_]+)"', page)[1]
    answer = send(session, shared_desk, code, "answer", canned=canned, text="")
    assert (answer.status_code, "هنوز فرستاده نشده" in answer.text) == (200, True)
    box = fields_of(answer.text, f"/desk/tickets/{code}/answer")["text"]
    assert len(box) > 10
    assert box not in history_of(session, shared_desk, code)
    look = send(session, shared_desk, code, "answer", text=box)
    assert "هنوز چیزی انجام نشده است" in look.text
    assert box not in history_of(session, shared_desk, code)
    done = send(session, shared_desk, code, "answer", text=box, looked="1")
    assert done.url.endswith("done=answer")
    assert box.split("\n")[0] in history_of(session, shared_desk, code)


def test_p8_a_ticket_is_closed_only_after_somebody_looked(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    look = send(session, shared_desk, code, "close", reason="settled", text="تمام شد")
    assert "هنوز چیزی انجام نشده است" in look.text
    assert "تمام شد" in look.text
    assert f'action="/desk/tickets/{code}/close"' in page_of(session, shared_desk, code)
    done = send(session, shared_desk, code, "close", reason="settled", text="تمام شد", looked="1")
    assert done.url.endswith("done=close")


def test_p7_a_report_leaves_the_public_list_after_a_look_and_with_a_reason(shared_desk, sat):
    ticket, session, reason = registered(shared_desk, public=True), sat(), "نام همسایه در متن بود."
    code = ticket["code"]
    assert "همه متن را در درگاه می‌بینند" in page_of(session, shared_desk, code)
    empty = send(session, shared_desk, code, "take_down", text="", looked="1")
    assert "متن: " in empty.text
    look = send(session, shared_desk, code, "take_down", text=reason)
    assert "هنوز چیزی انجام نشده است" in look.text
    listed = f"{shared_desk.portal}/reports/{code}"
    assert requests.get(listed, timeout=20).status_code == 200
    done = send(session, shared_desk, code, "take_down", text=reason, looked="1")
    assert "دلیل به شهروند گفته شد" in done.text
    wait_for(lambda: requests.get(listed, timeout=20).status_code == 404, 10)
    assert reason in history_of(session, shared_desk, code)
    assert f'action="/desk/tickets/{code}/take_down"' not in done.text


def test_a_phrase_is_hidden_from_the_portal_after_a_look_and_can_be_shown_again(shared_desk, sat):
    text = "چاه را پرویز بهرامی می‌زند، تلفن 09121234567 و 0912 765 4321."
    code, session = registered(shared_desk, public=True, text=text)["code"], sat()
    numbers = "چاه را پرویز بهرامی می‌زند، تلفن [پنهان شد] و [پنهان شد]."

    def portal(kind=""):
        return requests.get(f"{shared_desk.portal}/reports{kind or '/' + code}", timeout=20).text

    assert numbers in portal()
    typed = {"version": "2", "phrase": "پرويز‌بهرامي", "text": "نام کسی است."}
    look = send(session, shared_desk, code, "blank", **typed)
    assert "چاه را [پنهان شد] می‌زند، تلفن [پنهان شد]" in look.text
    assert "پرویز بهرامی" in portal(), "nothing is done before the press"
    done = send(session, shared_desk, code, "blank", looked="1", **typed)
    assert "برای همگان پنهان شد" in done.text
    assert text in done.text, "colleagues read all of it"
    for kind in ("", "?county=", ".atom", ".json"):
        wait_for(lambda kind=kind: code in portal(kind) and "بهرامی" not in portal(kind), 10)
    entry = re.findall(r'name="entry" value="([0-9]+)"', done.text)[-1]
    back = {"version": "3", "entry": entry, "text": "نام خود نویسنده است.", "looked": "1"}
    assert "دوباره برای همگان" in send(session, shared_desk, code, "unblank", **back).text
    wait_for(lambda: "پرویز بهرامی" in portal(), 10)
    absent = send(session, shared_desk, code, "blank", **{**typed, "version": "4", "phrase": "زید"})
    assert "در آنچه همگان می‌خوانند نیست" in absent.text


def test_a_priority_stands_on_the_ticket_and_in_the_queue(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    done = send(session, shared_desk, code, "prioritise", priority="2", text="بیمارستان است.")
    assert "اولویت ثبت شد" in done.text
    assert "اولویت فوری" in done.text
    queue = session.get(f"{shared_desk.ops}/desk/queue?search={code}", timeout=20).text
    assert "فوری" in queue


def test_p9_an_office_without_an_open_time_says_where_to_open_times(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    page = page_of(session, shared_desk, code)
    office = re.search(r'<option value="([a-z_-]+)">[^<]*زمانی باز نیست', page)[1]
    answer = send(session, shared_desk, code, "invite", office=office, text="با سند بیایید")
    assert answer.status_code == 422
    assert 'id="invite-office-error"' in answer.text
    assert "زمان باز کنید" in answer.text
    assert 'href="/desk/calendar#slots"' in answer.text


@pytest.mark.parametrize("path", ["/desk/tickets/abc", "/desk/nowhere", "/desk/tickets/4052138845"])
def test_p25_a_wrong_address_is_a_persian_sentence_without_a_code(shared_desk, sat, path):
    page = sat().get(shared_desk.ops + path, timeout=20)
    main = re.sub("<[^>]*>", " ", page.text.split("<main")[1].split(">", 1)[1].split("</main>")[0])
    assert not re.search("[A-Za-z]{3}", main), main
    assert "پیدا نشد" in main
    assert ("پرونده‌ای با این کد" in main) == ("tickets" in path)


def test_p26_a_merge_into_an_answered_ticket_says_which_and_in_which_state(shared_desk, sat):
    target, code, session = registered(shared_desk)["code"], registered(shared_desk)["code"], sat()
    send(session, shared_desk, target, "answer", text="پاسخ", looked="1")
    refused = send(session, shared_desk, code, "merge", into=target, looked="1")
    assert "پاسخ داده شده است" in refused.text
    assert 'id="merge-into-error"' in refused.text


def test_p31_a_clerk_reads_whom_the_ticket_waits_for_and_the_day_it_was_done(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    paused = send(session, shared_desk, code, "pause", reason="applicant", text="سند را بفرستید")
    assert "در انتظار مدرک یا پاسخ شهروند" in paused.text
    assert "پاسخ شما" not in paused.text
    tile = re.search(r"metric good.*?</div>", paused.text, re.S)[0]
    assert re.search(r"انجام شد.*?ساعت [0-9:]+", tile, re.S)
    assert "سررسید" not in tile


def test_p14_the_calendar_takes_an_hour_as_it_is_typed(shared_desk, sat):
    answer = sat("nader").post(
        f"{shared_desk.ops}/desk/calendar/slots",
        data={
            "office": "yasuj",
            "day": "۱۴۰۶/۰۲/۰۱",
            "opens": "۰۹:۰۰",
            "closes": "\u200f١٠",
            "minutes": "۳۰",
            "capacity": "١",
            "looked": "1",
            "form": f"desk-{uuid.uuid4()}",
        },
        timeout=20,
    )
    assert "opens:" not in answer.text
    assert 'id="opens-error"' not in answer.text
    assert answer.url.endswith("done=slots") or "ثبت نشده است" in answer.text


def test_p21_every_act_leads_back_to_the_filter_and_page_of_the_queue(shared_desk, sat):
    code, session = registered(shared_desk)["code"], sat()
    queue = session.get(
        f"{shared_desk.ops}/desk/queue?state=ALL&mine=&search={code}", timeout=20
    ).text
    link = html.unescape(re.search(rf'href="(/desk/tickets/{code}[^"]*)"', queue)[1])
    page = session.get(shared_desk.ops + link, timeout=20).text
    typed = {**fields_of(page, f"/desk/tickets/{code}/note"), "text": "یادداشت"}
    done = session.post(f"{shared_desk.ops}/desk/tickets/{code}/note", data=typed, timeout=20)
    assert f'href="/desk/queue?state=ALL&amp;search={code}&amp;at=0"' in done.text


@pytest.mark.parametrize("path", ["/desk/telephone", "/desk/calendar"])
def test_p15_counties_stand_in_the_order_of_the_persian_alphabet(shared_desk, sat, path):
    page = sat("nader").get(shared_desk.ops + path, timeout=20).text
    choices = page.split("شهرستان")[1].split("</select>")[0].split("</fieldset>")[0]
    order = "باشت بویراحمد بهمئی چرام دنا کهگیلویه گچساران لنده مارگون"
    counties = re.findall(order.replace(" ", "|"), choices)
    assert len(counties) > 1
    assert counties == [county for county in order.split() if county in counties]


def test_p16_a_new_secret_from_the_desk_is_looked_at_before_the_old_one_ends(shared_desk, sat):
    session, ticket = sat(), registered(shared_desk)
    code, secret = ticket["code"], ticket["secret"]

    def opens():
        return requests.get(
            f"{shared_desk.portal}/v1/tickets/{code}",
            headers={"Ticket-Secret": secret},
            timeout=20,
        ).status_code

    look = send(session, shared_desk, code, "new_secret")
    assert look.status_code == 200
    assert "رمزی که شهروند اکنون دارد دیگر باز نمی‌کند" in look.text
    assert opens() == 200
    assert (
        "رمز تازه به شهروند فرستاده شد"
        in send(session, shared_desk, code, "new_secret", looked="1").text
    )
    assert opens() != 200


def test_a_wrong_mobile_is_put_right_after_a_look_at_both_numbers(shared_desk, sat):
    session, code = sat(), registered(shared_desk, mobile="09120000001")["code"]
    typed = {"mobile": "۰۹۱۲ ۰۰۰ ۰۰۰۲", "text": "به خواست شهروند"}
    same = send(session, shared_desk, code, "correct_mobile", **{**typed, "mobile": "09120000001"})
    assert "هنوز چیزی انجام نشده است" not in same.text
    assert "این همان شماره‌ای است" in same.text
    look = send(session, shared_desk, code, "correct_mobile", **typed)
    assert "هنوز چیزی انجام نشده است" in look.text
    assert ("09120000001" in look.text, "09120000002" in look.text) == (True, True)
    done = send(session, shared_desk, code, "correct_mobile", **typed, looked="1").text
    assert "شماره همراه اصلاح شد" in done
    assert 'href="tel:+989120000002"' in done


def test_the_first_page_has_the_tickets_that_a_colleague_opened_last(shared_desk, sat):
    session = sat()
    codes = [registered(shared_desk)["code"] for _ in range(2)]
    for code in (*codes, codes[0]):
        page_of(session, shared_desk, code)
    home = session.get(f"{shared_desk.ops}/desk", timeout=20).text
    opened = home.split('id="opened-h"')[1].split("</section>")[0]
    assert re.findall(r"/desk/tickets/([0-9]{10})", opened)[:2] == codes


def test_a_ticket_goes_to_another_unit_without_the_colleague_who_has_it(shared_desk, sat):
    session, code = sat(), registered(shared_desk)["code"]
    page = send(session, shared_desk, code, "take").text
    typed = fields_of(page, f"/desk/tickets/{code}/assign")
    assert typed["was_assignee"], re.findall(r'role="(?:alert|status)".*?</', page, re.DOTALL)
    same = {**typed, "unit": typed["was_unit"], "assignee": typed["was_assignee"]}
    done = session.post(f"{shared_desk.ops}/desk/tickets/{code}/assign", data=same, timeout=20)
    assert "چیزی تغییر نکرد" in done.text
    typed["form"] += "-again"
    typed |= {"unit": "billing", "assignee": typed["was_assignee"]}
    done = session.post(f"{shared_desk.ops}/desk/tickets/{code}/assign", data=typed, timeout=20)
    assert "رفت و از صف شما بیرون آمد" in done.text


@pytest.mark.parametrize(
    ("act", "prepared"), [("note", False), ("pause", True), ("close", True), ("say", True)]
)
def test_p25_an_empty_box_is_told_of_prepared_texts_only_where_there_are_some(
    shared_desk, sat, act, prepared
):
    page = send(sat(), shared_desk, registered(shared_desk)["code"], act).text
    assert "متن را بنویسید" in page
    assert ("متن آماده‌ای را انتخاب کنید" in page) is prepared


def test_p33_a_session_is_told_by_what_people_call_their_browser(shared_desk, sat):
    session = requests.Session()
    session.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Safari/537.36"
    session.post(
        f"{shared_desk.ops}/desk/sign-in",
        timeout=20,
        data={"username": "mina", "password": shared_desk.password},
    )
    page = session.get(f"{shared_desk.ops}/desk/account", timeout=20).text
    assert "کروم، اندروید" in re.sub('title="[^"]*"', "", page)


def test_p21_a_page_that_is_not_there_leads_back_to_its_part(shared_desk, sat):
    page = sat().get(f"{shared_desk.ops}/desk/letters/999999", timeout=20)
    assert (page.status_code, 'href="/desk/letters">' in page.text.split("<main")[1]) == (404, True)
