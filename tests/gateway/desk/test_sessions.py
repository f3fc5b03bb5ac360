"""Sessions of colleagues end at the server, guessing is slowed, and a second factor is proven."""

import io
import secrets
import time
from unittest import mock

import psycopg2
import pyotp
import pytest
import requests

from services.ticketing.accounts import operators, ops_tokens, staff
from tests.gateway.conftest import begin
from tests.gateway.desk.trees import tree_of
from tests.processes import Starter, run_main
from tests.stores import execute

HOME = "/desk"


class Browser:
    """A browser of a colleague; ``address`` is where the edge says that it is."""

    def __init__(self, url, address="192.0.2.1", at=HOME):
        self.url, self.at, self.session = url, at, requests.Session()
        self.session.headers["X-Forwarded-For"] = address

    def sign_in(self, username, password, **more):
        data = {"username": username, "password": password, **more}
        return self.post("/sign-in", **data)

    def get(self, path=""):
        url = f"{self.url}{self.at}{path}" or f"{self.url}/"
        return self.session.get(url, allow_redirects=False, timeout=30)

    def post(self, path, **data):
        return self.session.post(
            f"{self.url}{self.at}{path}", data=data, allow_redirects=False, timeout=30
        )

    @property
    def inside(self):
        return self.get().status_code == 200

    def copy(self):
        """A thief with the cookies of now."""
        other = Browser(self.url, at=self.at)
        other.session.cookies.update(self.session.cookies)
        return other


def fields_of(page, action):
    tree = tree_of(page)
    (form,) = [form for form in tree.iter("form") if form.get("action") == action]
    return {field.get("name"): field.get("value", "") for field in form.iter("input")}


@pytest.fixture
def colleague(shared_desk):
    """Makes an account of this test alone; its name."""

    def make(role="clerk", unit="groundwater"):
        name = f"u{secrets.token_hex(4)}"
        shared_desk.account(name, role, unit)
        return name

    return make


def put(desk, name, role, unit, password):
    """Runs the command that makes an account, or changes it."""
    with mock.patch("sys.stdin", io.StringIO(f"{password}\n")):
        return run_main(
            staff.main, "put", name, "--name", name, "--role", role, "--unit", unit, DB_URL=desk.db
        )


@pytest.fixture
def sat(shared_desk):
    def sit(username, **more):
        browser = Browser(shared_desk.ops, **more)
        browser.sign_in(username, shared_desk.password)
        assert browser.inside
        return browser

    return sit


# --- S7: sessions ---


def test_s7_signing_out_ends_the_session_at_the_server(sat, colleague):
    browser = sat(colleague())
    thief = browser.copy()
    assert thief.inside
    browser.post("/sign-out")
    assert not thief.inside


def test_s7_each_sign_in_has_a_new_session_and_ends_the_one_before(sat, colleague, shared_desk):
    name = colleague()
    browser = sat(name)
    thief, before = browser.copy(), browser.session.cookies["mirab_desk"]
    browser.sign_in(name, shared_desk.password)
    assert browser.session.cookies["mirab_desk"] != before
    assert (browser.inside, thief.inside) == (True, False)


def test_s7_a_new_password_ends_all_other_sessions(sat, colleague, shared_desk):
    name = colleague()
    browser, other = sat(name), sat(name)
    thief = browser.copy()
    refused = browser.post("/account/password", old_password="wrong", new_password="x" * 12)
    assert (refused.status_code, other.inside) == (422, True)
    short = browser.post(
        "/account/password", old_password=shared_desk.password, new_password="short"
    )
    assert (short.status_code, "دست‌کم" in short.text) == (422, True)
    new = "another password of tests"
    changed = browser.post("/account/password", old_password=shared_desk.password, new_password=new)
    assert changed.status_code == 303
    assert (browser.inside, other.inside, thief.inside) == (True, False, False)
    assert Browser(shared_desk.ops).sign_in(name, shared_desk.password).status_code == 401
    assert Browser(shared_desk.ops).sign_in(name, new).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        lambda desk, name: put(desk, name, "unit_head", "groundwater", desk.password),
        lambda desk, name: put(desk, name, "clerk", "surface", desk.password),
        lambda desk, name: put(desk, name, "clerk", "groundwater", "another password"),
        lambda desk, name: run_main(staff.main, "close", name, DB_URL=desk.db),
    ],
    ids=["role", "unit", "password", "closed"],
)
def test_s7_a_session_ends_with_the_role_the_unit_the_password_or_the_account(
    sat, colleague, shared_desk, change
):
    name = colleague()
    browser = sat(name)
    assert change(shared_desk, name).returncode == 0
    assert not browser.inside


def test_s7_putting_the_same_account_again_ends_nothing(sat, colleague, shared_desk):
    name = colleague()
    browser = sat(name)
    assert put(shared_desk, name, "clerk", "groundwater", shared_desk.password).returncode == 0
    assert browser.inside


def test_s7_an_account_put_without_a_password_keeps_none(sat, colleague, shared_desk):
    name = colleague()
    browser = sat(name)
    reply = ("put", name, "--name", name, "--role", "clerk", "--unit", "groundwater")
    for _ in range(2):
        done = run_main(staff.main, *reply, "--no-password", DB_URL=shared_desk.db)
        assert done.returncode == 0, done.stderr
        assert not browser.inside
        again = Browser(shared_desk.ops)
        assert again.sign_in(name, shared_desk.password).status_code == 401
    assert put(shared_desk, name, "clerk", "groundwater", shared_desk.password).returncode == 0
    assert sat(name).inside


@pytest.mark.parametrize(
    ("column", "age", "inside"),
    [
        ("seen_at", "31 minutes", False),
        ("started_at", "481 minutes", False),
        ("seen_at", "29 minutes", True),
    ],
)
def test_s7_a_session_ends_when_it_is_idle_and_after_eight_hours(
    sat, colleague, shared_desk, column, age, inside
):
    name = colleague()
    browser = sat(name)
    execute(
        shared_desk.db,
        f"update sessions set {column} = now() - interval '{age}' where username = %s",
        (name,),
    )
    assert browser.inside is inside


def test_s7_one_sees_ones_sessions_and_ends_the_others(sat, colleague):
    name = colleague()
    browser, other, third = sat(name), sat(name), sat(name)
    page = browser.get("/account").text
    assert page.count("پایان دادن</button>") == 2
    tree = tree_of(page)
    ids = [f.get("value") for f in tree.iter("input") if f.get("name") == "id"]
    assert browser.post("/account/end", id=ids[-1]).status_code == 303
    assert [other.inside, third.inside].count(True) == 1
    assert browser.post("/account/end").status_code == 303
    assert (browser.inside, other.inside, third.inside) == (True, False, False)


def test_s7_nobody_ends_the_session_of_another(sat, colleague, shared_desk):
    mine, theirs = colleague(), colleague()
    browser, other = sat(mine), sat(theirs)
    ((id_,),) = execute(shared_desk.db, "select id from sessions where username = %s", (theirs,))
    browser.post("/account/end", id=str(id_))
    assert other.inside


def test_s7_signing_out_everywhere_ends_all(sat, colleague):
    name = colleague()
    browser, other = sat(name), sat(name)
    browser.post("/sign-out", which="all")
    assert (browser.copy().inside, other.inside) == (False, False)


def test_s7_the_cookie_is_for_this_host_alone_over_tls(shared_desk, start, colleague):
    port_url = begin(
        start, "desk", **{**shared_desk.environ, "DESK_URL": "https://desk.example/desk"}
    )
    browser = Browser(port_url)
    set_cookies = browser.sign_in(colleague(), shared_desk.password).raw.headers.getlist(
        "set-cookie"
    )
    (cookie,) = [c for c in set_cookies if c.startswith("__Host-mirab_desk=")]
    words = {word.strip().lower() for word in cookie.split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= words
    assert not any(word.startswith("domain") for word in words)


def test_s7_neither_table_nor_message_holds_what_opens_a_session(sat, colleague, shared_desk):
    browser = sat(colleague())
    cookie = browser.session.cookies["mirab_desk"]
    rows = execute(shared_desk.db, "select s::text from sessions s")
    assert not any(cookie in row for (row,) in rows)
    assert cookie not in shared_desk.service.log


# --- S16: wrong passwords ---


def test_s16_the_owner_signs_in_while_a_stranger_guesses(colleague, shared_desk):
    name, url = colleague(), shared_desk.ops
    stranger = Browser(url, "198.51.100.7")
    for _ in range(5):
        assert stranger.sign_in(name, "a wrong password").status_code == 401
    assert stranger.sign_in(name, shared_desk.password).status_code == 429
    assert Browser(url, "192.0.2.9").sign_in(name, shared_desk.password).status_code == 303


def test_s16_a_known_browser_signs_in_from_the_address_of_a_guesser(colleague, shared_desk, sat):
    name, address = colleague(), "198.51.100.8"
    existing = sat(name, address=address)
    existing.post("/sign-out")
    stranger = Browser(shared_desk.ops, address)
    while stranger.sign_in(name, "a wrong password").status_code != 429:
        pass
    assert existing.sign_in(name, shared_desk.password).status_code == 303


def test_s16_a_stolen_device_cookie_gives_no_more_guesses(colleague, shared_desk, sat):
    name, address = colleague(), "198.51.100.9"
    thief = sat(name, address=address).copy()
    thief.session.headers["X-Forwarded-For"] = address
    statuses = [thief.sign_in(name, "wrong").status_code for _ in range(12)]
    assert statuses.count(401) == 10, statuses
    assert statuses[-1] == 429


def test_s16_many_names_once_each_from_one_address_are_stopped(colleague, shared_desk):
    address = "203.0.113.5"
    sprayer = Browser(shared_desk.ops, address)
    statuses = [sprayer.sign_in(f"somebody{n}", "Winter1405!").status_code for n in range(25)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429
    name = colleague()
    assert Browser(shared_desk.ops, "192.0.2.8").sign_in(name, shared_desk.password).ok


def test_s16_an_unknown_name_is_refused_like_a_wrong_password(colleague, shared_desk):
    name = colleague()
    existing = Browser(shared_desk.ops, "198.51.100.20").sign_in(name, "wrong")
    unknown = Browser(shared_desk.ops, "198.51.100.21").sign_in("nobody-at-all", "wrong")
    assert (existing.status_code, existing.text) == (unknown.status_code, unknown.text)
    for _ in range(6):
        locked = Browser(shared_desk.ops, "198.51.100.21").sign_in("nobody-at-all", "wrong")
    assert locked.status_code == 429


def test_s16_the_owner_is_told_of_wrong_passwords_and_they_are_counted(colleague, shared_desk, sat):
    name = colleague()
    for n in range(3):
        Browser(shared_desk.ops, f"198.51.100.{30 + n}").sign_in(name, "wrong")
    browser = sat(name, address="192.0.2.77")
    assert "3 بار گذرواژه نادرست" in browser.get().text
    assert "sign_in_failed" in shared_desk.service.log
    assert (
        name
        not in [line for line in shared_desk.service.log.splitlines() if "sign_in_failed" in line][
            -1
        ]
    )
    assert "3 بار" not in sat(name, address="192.0.2.77").get().text


# --- the second factor ---


def add_app(browser):
    """Adds an app; its generator of codes and the recovery codes."""
    page = browser.post("/second-factor/enrol", kind="totp").text
    fields = fields_of(page, f"{browser.at}/second-factor/finish")
    app = pyotp.TOTP(fields["seed"])
    done = browser.post("/second-factor/finish", **{**fields, "proof": app.now()})
    assert done.status_code == 200, done.text
    tree = tree_of(done.text)
    main = next(e for e in tree.iter("main"))
    return app, [e.text for e in main.iter("bdi")]


def next_code(app):
    """A code that was not used yet: of the next half minute, which counts already."""
    return app.at(time.time() + 30)


def test_s16_a_password_alone_opens_nothing_where_there_is_a_second_factor(
    sat, colleague, shared_desk
):
    name = colleague()
    app, _ = add_app(sat(name))
    browser = Browser(shared_desk.ops)
    answer = browser.sign_in(name, shared_desk.password)
    assert answer.headers["location"] == "/desk/second-factor"
    for path in ("", "/account", "/calendar", "/telephone", "/treasury"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/second-factor")
    assert browser.post("/second-factor/enrol", kind="totp").status_code != 200
    pending = browser.copy()
    code = next_code(app)
    assert browser.post("/second-factor", proof=code).headers["location"] == "/desk"
    assert (browser.inside, pending.inside) == (True, False)


def test_s16_a_code_is_used_once_and_five_wrong_ones_end_the_session(sat, colleague, shared_desk):
    name = colleague()
    app, _ = add_app(sat(name))
    code = next_code(app)
    first, second = Browser(shared_desk.ops), Browser(shared_desk.ops)
    for browser in (first, second):
        browser.sign_in(name, shared_desk.password)
    assert first.post("/second-factor", proof=code).status_code == 303
    again = second.post("/second-factor", proof=code)
    assert (again.status_code, "پیش‌تر به کار رفته" in again.text) == (422, True)
    for _ in range(3):
        assert second.post("/second-factor", proof="000000").status_code == 422
    assert second.post("/second-factor", proof="000000").headers["location"] == "/desk/sign-in"
    assert second.get("/second-factor").headers["location"] == "/desk/sign-in"


def test_s16_who_knows_the_password_guesses_no_code_in_any_browser(sat, colleague, shared_desk):
    name = colleague()
    existing = sat(name)
    app, _ = add_app(existing)
    statuses = []
    for _ in range(5):
        existing.sign_in(name, shared_desk.password)
        statuses += [existing.post("/second-factor", proof="000000").status_code for _ in range(4)]
    assert statuses == [422] * 20
    existing.sign_in(name, shared_desk.password)
    answer = existing.post("/second-factor", proof=next_code(app))
    assert (answer.status_code, "چند دقیقه دیگر" in answer.text) == (429, True)


def test_s16_who_guesses_codes_shuts_no_owner_out_who_has_a_recovery_code(
    sat, colleague, shared_desk
):
    name = colleague()
    _, codes = add_app(sat(name))
    thief, owner = Browser(shared_desk.ops), Browser(shared_desk.ops)
    for _ in range(5):
        thief.sign_in(name, shared_desk.password)
        assert [thief.post("/second-factor", proof="000000").status_code for _ in range(4)]
    for browser, proof, status in ((thief, "000000", 429), (owner, codes[0], 303)):
        browser.sign_in(name, shared_desk.password)
        assert browser.post("/second-factor", proof=proof).status_code == status
    assert (owner.inside, thief.inside) == (True, False)
    thief.sign_in(name, shared_desk.password)
    assert thief.post("/second-factor", proof="000000").status_code == 429


def test_s16_a_session_from_before_the_second_factor_is_asked_for_it(sat, colleague, shared_desk):
    name = colleague()
    thief, owner = sat(name), sat(name)
    page = thief.post("/second-factor/enrol", kind="totp").text
    begun = fields_of(page, "/desk/second-factor/finish")
    app, _ = add_app(owner)
    assert thief.get().headers["location"] == "/desk/second-factor"
    for path, form in (
        ("/second-factor/enrol", {"kind": "totp"}),
        ("/second-factor/finish", {**begun, "proof": pyotp.TOTP(begun["seed"]).now()}),
        ("/account/password", {"old_password": shared_desk.password, "new_password": "x" * 12}),
    ):
        assert thief.post(path, **form).headers["location"] == "/desk/second-factor", path
    assert owner.inside
    assert thief.post("/second-factor", proof=next_code(app)).headers["location"] == HOME
    assert thief.inside


def test_s16_a_head_takes_no_factor_away_from_a_supervisor(sat, colleague):
    supervisor, head = colleague("supervisor"), colleague("unit_head")
    add_app(sat(supervisor))
    request = {"username": supervisor, "reason": "تلفن همراه گم شد"}
    assert sat(head).post("/account/reset", **request).status_code == 403
    assert sat(colleague("supervisor")).post("/account/reset", **request).status_code == 303


def test_s16_a_recovery_code_opens_once(sat, colleague, shared_desk):
    name = colleague()
    _, codes = add_app(sat(name))
    assert len(codes) == 10
    browser = Browser(shared_desk.ops)
    browser.sign_in(name, shared_desk.password)
    assert browser.post("/second-factor", proof=f" {codes[0].upper()} ").status_code == 303
    assert "9 کد بازیابی" in browser.get("/account").text
    browser.sign_in(name, shared_desk.password)
    assert browser.post("/second-factor", proof=codes[0]).status_code == 422


def test_s16_another_officer_takes_lost_factors_away_on_record(sat, colleague, shared_desk):
    lost, head, far = colleague(), colleague("unit_head"), colleague("unit_head", "surface")
    browser = sat(lost)
    add_app(browser)
    request = {"username": lost, "reason": "تلفن همراه گم شد"}
    assert browser.post("/account/reset", **request).status_code == 403
    assert sat(far).post("/account/reset", **request).status_code == 403
    assert sat(head).post("/account/reset", username=lost, reason="").status_code == 422
    assert sat(head).post("/account/reset", **request).status_code == 303
    assert not browser.inside
    assert Browser(shared_desk.ops).sign_in(lost, shared_desk.password).headers["location"] == HOME
    rows = execute(
        shared_desk.db,
        "select actor, details->>'reason' from account_log where act = 'factors.reset' "
        "and subject = %s",
        (lost,),
    )
    assert rows == [(head, request["reason"])]


@pytest.fixture(scope="module")
def strict(shared_desk, tmp_path_factory):
    """A desk that asks clerks and the treasury for a second factor."""
    starter = Starter(tmp_path_factory.mktemp("strict"))
    yield begin(starter, "desk", **shared_desk.environ, SECOND_FACTOR="clerk treasury")
    starter.end()


def test_s16_a_role_that_needs_a_second_factor_adds_one_before_it_works(
    strict, colleague, shared_desk
):
    browser = Browser(strict)
    browser.sign_in(colleague(), shared_desk.password)
    answer = browser.get()
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/second-factor")
    assert "افزودن برنامه" in browser.get("/second-factor").text
    typed = browser.post("/tickets/4052138845/note", version="1", text="یادداشت بلند من است")
    assert (typed.status_code, "یادداشت بلند من است" in typed.text) == (403, True)
    add_app(browser)
    assert browser.inside


def test_s16_a_password_learned_later_adds_no_factor_to_an_account_left_without_one(
    strict, sat, colleague, shared_desk
):
    name, head = colleague(), colleague("unit_head")
    execute(
        shared_desk.db,
        "update staff set first_factor_until = now() - interval '1 second' where username = %s",
        (name,),
    )
    browser = Browser(strict)
    browser.sign_in(name, shared_desk.password)
    for kind in ("totp", "passkey"):
        refused = browser.post("/second-factor/enrol", kind=kind)
        assert (refused.status_code, "رئیس واحد" in refused.text) == (422, True)
    request = {"username": name, "reason": "مهلت گذشته است"}
    assert sat(head).post("/account/reset", **request).status_code == 303
    browser.sign_in(name, shared_desk.password)
    add_app(browser)
    assert browser.inside


def test_s16_a_part_that_needs_it_asks_for_it_and_the_rest_does_not(strict, colleague, shared_desk):
    browser = Browser(strict)
    browser.sign_in(colleague("unit_head"), shared_desk.password)
    assert browser.inside
    assert browser.get("/treasury").headers["location"] == "/desk/second-factor"


# --- S19: the ops face ---


@pytest.fixture(scope="module")
def ops(shared_desk, tmp_path_factory):
    """An ops face; only this network may read it without a token: nobody."""
    starter = Starter(tmp_path_factory.mktemp("ops"))
    environ = {**shared_desk.environ, "METRICS_NETWORKS": "203.0.113.0/24"}
    yield begin(starter, "ops", **environ)
    starter.end()


REPLAY = "/dead-letters/ticketing/replay"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health/ready",
        "/metrics",
        "/dead-letters",
        "/dead-letters/ticketing",
        "/registry/loads",
        "/registry/loads/x",
        "/account",
        "/second-factor",
    ],
)
def test_s19_nobody_reads_the_ops_face_without_a_name(ops, path):
    assert requests.get(ops + path, timeout=20).status_code in (401, 403)
    page = requests.get(
        ops + path, headers={"Accept": "text/html"}, allow_redirects=False, timeout=20
    )
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize(
    ("path", "data"), [(REPLAY, {"all": True}), ("/registry/loads", {"folder": "."})]
)
@pytest.mark.parametrize("token", [None, "wrong", "the metrics of tests"])
def test_s19_nobody_acts_at_the_ops_face_without_a_name_and_a_role(ops, path, data, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(ops + path, json=data, headers=headers, timeout=20)
    assert answer.status_code in (401, 403)
    form = requests.post(ops + path, data=data, timeout=20, allow_redirects=False)
    assert form.status_code in (401, 403)


def test_s19_the_desk_is_no_part_of_the_ops_face_and_ops_none_of_the_desk(ops, shared_desk):
    assert requests.get(f"{ops}/desk/sign-in", timeout=20).status_code == 404
    for path in ("/metrics", "/health/ready", "/dead-letters"):
        assert requests.get(shared_desk.ops + path, timeout=20).status_code == 404


def test_s19_machines_read_with_the_token_or_from_their_network(ops):
    token = {"Authorization": "Bearer the metrics of tests"}
    for path in ("/metrics", "/"):
        assert requests.get(ops + path, headers=token, timeout=20).status_code == 200
    near = {"X-Forwarded-For": "203.0.113.9"}
    assert requests.get(f"{ops}/metrics", headers=near, timeout=20).status_code == 200
    assert requests.get(f"{ops}/dead-letters", headers=near, timeout=20).status_code == 401


def operates(desk, name, role):
    done = run_main(operators.main, "put", name, "--role", role, DB_URL=desk.db)
    assert done.returncode == 0, done.stderr


def test_s19_an_operator_acts_by_a_form_and_stands_in_the_record(ops, colleague, shared_desk):
    name = colleague()
    browser = Browser(ops, at="")
    browser.session.headers["Accept"] = "text/html"
    assert browser.sign_in(name, shared_desk.password).status_code == 403
    operates(shared_desk, name, "observer")
    assert browser.sign_in(name, shared_desk.password).headers["location"] == "/"
    assert browser.get("/").status_code == 200
    assert browser.post("/registry/loads", folder="nothing").status_code == 403
    operates(shared_desk, name, "operator")
    browser.post("/registry/loads", folder="nothing")
    foreign = browser.session.post(
        ops + "/registry/loads",
        data={"folder": "nothing"},
        headers={"Origin": "https://evil.example"},
        timeout=20,
    )
    assert foreign.status_code == 403
    rows = execute(shared_desk.db, "select act, subject from account_log where actor = %s", (name,))
    assert rows == [("registry.load", "nothing")]
    assert run_main(operators.main, "close", name, DB_URL=shared_desk.db).returncode == 0
    assert browser.get("/").status_code == 303


def test_s19_a_session_of_the_desk_opens_no_ops_face(ops, sat, colleague, shared_desk):
    name = colleague()
    operates(shared_desk, name, "operator")
    cookie = sat(name).session.cookies["mirab_desk"]
    for names in ("mirab_ops", "mirab_desk"):
        answer = requests.get(f"{ops}/dead-letters", cookies={names: cookie}, timeout=20)
        assert answer.status_code == 401


def test_s19_a_token_of_a_machine_has_a_name_a_role_an_end_and_is_revoked(ops, shared_desk):
    def token(name, role):
        made = run_main(ops_tokens.main, "make", name, "--role", role, DB_URL=shared_desk.db)
        return made.stdout.strip()

    acts, looks = token("backup", "operator"), token("screen", "observer")

    def acts_by(value):
        headers = {"Authorization": f"Bearer {value}"}
        return requests.post(
            f"{ops}/registry/loads", json={"folder": "x"}, headers=headers, timeout=20
        )

    assert acts_by(acts).status_code not in (401, 403)
    assert acts_by(looks).status_code == 403
    headers = {"Authorization": f"Bearer {looks}"}
    assert requests.get(f"{ops}/dead-letters", headers=headers, timeout=20).status_code == 200
    ((actor,),) = execute(
        shared_desk.db,
        "select actor from account_log where act = 'registry.load' order by seq desc limit 1",
    )
    assert actor == "token:backup"
    kept = execute(shared_desk.db, "select t::text from ops_tokens t")
    assert not any(acts in row for (row,) in kept)
    run_main(ops_tokens.main, "revoke", "backup", DB_URL=shared_desk.db)
    execute(shared_desk.db, "update ops_tokens set ends_at = now() where name = 'screen'")
    assert (acts_by(acts).status_code, acts_by(looks).status_code) == (401, 401)


def test_s19_a_command_leaves_the_name_of_who_ran_it(shared_desk, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ali")
    monkeypatch.setenv("MIRAB_BY", "ali.rezaei")
    name = f"u{secrets.token_hex(4)}"
    put(shared_desk, name, "clerk", "groundwater", shared_desk.password)
    ((actor, act),) = execute(
        shared_desk.db, "select actor, act from account_log where subject = %s", (name,)
    )
    assert act == "account.put"
    assert actor.endswith("/ali.rezaei")
    assert "ali" in actor.split("/")[0] or not actor.startswith("os:root")


def test_s19_making_an_officer_leaves_the_name_of_who_did_it(colleague, shared_desk, monkeypatch):
    monkeypatch.setenv("MIRAB_BY", "ali.rezaei")
    name = colleague()
    operates(shared_desk, name, "observer")
    rows = execute(
        shared_desk.db,
        "select run_by, command, details->>'role' from commands_run "
        "where details->>'username' = %s",
        (name,),
    )
    ((run_by, command, role),) = rows
    assert (command, role) == ("operators.put", "observer")
    assert run_by.startswith("os:")
    assert run_by.endswith("/ali.rezaei")
    with pytest.raises(psycopg2.errors.RaiseException):
        execute(shared_desk.db, "delete from commands_run")


def test_s16_the_page_of_a_passkey_runs_our_script_and_no_other(sat, colleague):
    answer = sat(colleague()).post("/second-factor/enrol", kind="passkey")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
