"""An engineer of an agency: the first call from the reference alone, then the console."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bus.signatures.keys import SigningKey
from connector.keys import load_key, make_key
from gateway.agency.catalogue import reference
from gateway.agency.console.test_data import CASES
from tests.agencies.running import House, demo_key, post
from tests.databases import make_database
from tests.notify.webhooks.listener import Listener
from tests.processes import ROOT, Starter, run_module
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

PAGES = (
    "",
    "/grants",
    "/calls",
    "/refusals",
    "/receipts",
    "/signals",
    "/callbacks",
    "/messages",
    "/keys",
    "/test-data",
)
PROGRAMS = {
    "curl": ("bash", "call.sh"),
    "python": (sys.executable, "call.py"),
    "node": ("node", "call.mjs"),
    "java": ("java", "Call.java"),
    "php": ("php", "call.php"),
}
# Where these are not installed, their samples are not tried.
OPTIONAL = ("java", "php")


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, demo_template, agencies_template, notify_template):
    templates = {"inquiry": demo_template, "agencies": agencies_template, "notify": notify_template}
    dbs = {
        part: make_database(postgres, f"{part}_{secrets.token_hex(4)}", template)
        for part, template in templates.items()
    }
    folder = tmp_path_factory.mktemp("reference")
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        smtp = "smtp://127.0.0.1:1"
        house = House(starter, folder, amqp, dbs, SANDBOX="1", CALLBACKS_SANDBOX="1", SMTP_URL=smtp)
        house.serve("notify", dbs["notify"])
        house.notify_db = dbs["notify"]
        yield house
        starter.end()


def newcomer(house):
    """A key that somebody has registered for a day."""
    key = SigningKey.new("")
    entry = {"public_key": key.public.base64(), "proof": key.proof("sandbox"), "days": 1}
    answer = requests.post(
        f"{house.face}/sandbox/agencies", json={"name": "New", **entry}, timeout=20
    )
    assert answer.status_code == 201, answer.text
    key.keyid = answer.json()["key_id"]
    return key


# --- the reference ---


@pytest.fixture
def strict(chromium):
    """A page under our own Content-Security-Policy, which those that axe judges are freed of."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    yield context.new_page()
    context.close()


def test_the_first_call_is_made_from_the_reference_page_alone(house, strict, tmp_path):
    page = strict
    page.goto(house.face)
    page.get_by_role("link", name="inquiry.ask", exact=True).first.click()
    page.get_by_role("link", name="Try it").click()
    page.get_by_role("button", name="Make a key of the sandbox").click()
    page.wait_for_selector("[data-key-id]:not(:empty)")
    page.get_by_role("button", name="Sign and send").click()
    page.wait_for_selector("[data-result]:not([hidden])")
    assert "Proven" in page.inner_text("[data-proof]")
    assert '"outcome": "FOUND"' in page.inner_text("[data-answer]")
    base = page.inner_text("[data-signed]")
    assert '"@method": POST' in base
    assert f'"@target-uri": {house.face}/v1/inquiry/ask' in base
    sent = page.inner_text("[data-sent]")
    assert "Signature: mirab=:" in sent
    assert "PRIVATE" not in sent
    # What the page has signed by, a program signs by: the sample runs as it is copied.
    with page.expect_download() as download:
        page.get_by_role("button", name="Save it as my-key.pem").click()
    download.value.save_as(tmp_path / "my-key.pem")
    page.get_by_role("link", name="Node").click()
    sample = page.inner_text("[data-in=node] code")
    (tmp_path / "call.mjs").write_text(sample, encoding="utf-8")
    done = subprocess.run(
        ["node", "call.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("200 "), (done.stdout, done.stderr)
    assert page.evaluate("sessionStorage.length + localStorage.length") == 1, "the language alone"


def test_a_refused_call_shows_its_problem_and_a_key_is_kept_only_where_one_says_so(house, visitor):
    page = visitor(width=360, height=740, language="en-GB")
    page.goto(f"{house.face}/reference/inquiry.ask.v1")
    page.get_by_label("Keep the key in this tab").check()
    page.get_by_role("button", name="Make a key of the sandbox").click()
    page.wait_for_selector("[data-key-id]:not(:empty)")
    page.fill("[data-body]", '{"key_kind":"national_id","key":"9905251783","purpose":"fuel_quota"}')
    page.get_by_role("button", name="Sign and send").click()
    page.wait_for_selector("[data-result]:not([hidden])")
    assert "HTTP 422. Proven" in page.inner_text("[data-proof]")
    assert "contract.broken" in page.inner_text("[data-answer]")
    assert "does not follow its contract" in page.inner_text("[data-refusal]")
    page.evaluate("const now = Date.now; Date.now = () => now() - 600_000")
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_text("10 minutes behind ours").wait_for()
    page.goto(f"{house.face}/reference/billing.quote.v1")
    assert "sandbox-" in page.inner_text("[data-key-id]")
    page.evaluate(
        """name => sessionStorage.setItem(name, JSON.stringify(
            {...JSON.parse(sessionStorage.getItem(name)), until: '2026-01-01'}))""",
        "mirab-sandbox-key",
    )
    page.reload()
    page.get_by_text("ended on 2026-01-01. Make a new one.").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_role("button", name="Make a key of the sandbox").click()
    page.wait_for_selector("[data-key-id]:not(:empty)")
    page.get_by_role("button", name="Forget it").click()
    assert page.evaluate("sessionStorage.length") == 0


def test_without_script_the_page_says_which_command_does_the_same(house, visitor, tmp_path):
    page = visitor(script=False, width=360, height=740, language="en-GB")
    page.goto(f"{house.face}/reference/inquiry.ask.v1")
    assert not page.locator("form[data-trial]").is_visible()
    lines = page.inner_text("noscript pre")
    done = subprocess.run(
        ["bash", "-ec", lines], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.partition("\n")[2])["outcome"] == "FOUND"
    page.get_by_role("link", name="PHP").click()
    assert "sodium_crypto_sign" in page.inner_text(".samples section:not([hidden])")
    page.fill("#q", "grant.quota")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile("grant.quota")).first.click()
    assert "inquiry.ask.v1" in page.inner_text("main")


@pytest.mark.parametrize("way", PROGRAMS)
def test_each_sample_runs_as_it_stands(house, tmp_path, way):
    program, name = PROGRAMS[way]
    if program in OPTIONAL and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    key = newcomer_in(house, tmp_path)
    panel = next(p for p in reference.panels(house.face, sandbox=True) if p.name.endswith("ask.v1"))
    [sample] = [s.text for s in panel.samples if s.language.key == way]
    (tmp_path / name).write_text(sample.replace("your-key-id", key), encoding="utf-8")
    done = subprocess.run(
        [program, name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"[\"']outcome[\"']: ?[\"']FOUND", done.stdout), (done.stdout, done.stderr)


def newcomer_in(house, folder):
    """A key of the sandbox in my-key.pem of a folder; its id."""
    public = make_key(folder / "my-key.pem")
    proof = load_key(folder / "my-key.pem", "new").proof("sandbox")
    entry = {"name": "New", "public_key": public.base64(), "proof": proof, "days": 1}
    return requests.post(f"{house.face}/sandbox/agencies", json=entry, timeout=20).json()["key_id"]


def test_the_message_of_each_sample_is_let_in_by_the_door(house):
    """Whatever becomes of it: it is signed and well formed, so no check of its form refuses it."""
    key = demo_key("fuel-co")
    broken = {400, 401, 404, 405, 406, 413, 415}
    for panel in reference.panels(house.face, sandbox=True):
        if panel.service not in ("inquiry", "agencies") or panel.name == "agencies.rotate_keys.v1":
            continue
        answer = post(house.face, key, json.loads(panel.body), panel.path)
        code = answer.json().get("code", "")
        assert answer.status_code not in broken or code.endswith("not_found"), (panel.name, code)
        assert code != "contract.broken", answer.text
        if panel.name == "inquiry.ask.v1":  # and the refusal that its page shows is the one it gets
            refused, shown = post(house.face, key, {}, panel.path), json.loads(panel.refusal)
            assert refused.json() | {"trace_id": shown["trace_id"]} == shown
            assert refused.status_code == shown["status"]


def test_the_pages_of_the_reference_are_reachable_by_everybody(
    house, visitor, judged_wide_and_narrow
):
    page = visitor(width=1366, height=768, language="en-GB")
    for path in ("/", "/reference/inquiry.ask.v1", "/search?q=licence", "/docs/fa/join.md"):
        assert page.goto(house.face + path).status == 200, path
        judged_wide_and_narrow(page)


def test_what_can_be_asked_about_in_the_sandbox_shows_what_is_said(house):
    key = newcomer(house)
    for case in CASES:
        if case.key_kind == "parcel_no":
            continue
        question = {"key_kind": case.key_kind, "key": case.key, "purpose": case.purpose}
        answer = post(house.face, key, question).json()
        assert (answer.get("code") or answer["outcome"]) == (case.code or "FOUND"), case
        status = answer["sources"][0]["status"]["code"] if answer.get("sources") else ""
        assert status in ("", "EXPIRED", "UNLICENSED", "UNLICENSED_CASE_OPEN"), case


# --- the console ---


def code_of(house, key):
    return post(house.face, key, {}, "/v1/agencies/open_console").json()["entry_code"]


def signed_in(house, key):
    """A browser's session of requests, signed in to the console by that key."""
    session = requests.Session()
    session.headers.update({"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"})
    entered = session.post(
        f"{house.face}/console/enter", data={"code": code_of(house, key)}, timeout=20
    )
    assert (entered.status_code, "Overview" in entered.text) == (200, True)
    return session


def read(house, session, path=""):
    return session.get(f"{house.face}/console{path}", timeout=20)


@pytest.mark.parametrize("language", ["fa-IR", "en-GB"])
def test_an_agency_reads_its_console_in_a_browser_without_any_key(
    house, visitor, judged_wide_and_narrow, language
):
    key = newcomer(house)
    assert post(house.face, key).status_code == 200
    refused = post(house.face, key, {**CASE, "purpose": "court_case"})
    assert refused.json()["code"] == "purpose.not_granted"
    page = visitor(width=1366, height=768, language=language)
    page.goto(f"{house.face}/console?code={code_of(house, key)}")
    page.locator("main button").click()
    assert "code" not in page.url
    for path in PAGES:
        assert page.goto(f"{house.face}/console{path}").status == 200, path
        assert page.locator("h1").count() == 1
        assert page.title().startswith(f"{page.inner_text('h1')} – ")
        judged_wide_and_narrow(page)
    page.goto(f"{house.face}/console/refusals")
    what_to_do = {
        "fa-IR": "از شرکت آب برای این هدف مجوز بخواهید",
        "en-GB": "Ask the water company for a grant of this purpose",
    }
    assert what_to_do[language] in page.inner_text("main")
    page.goto(f"{house.face}/console/calls?ended=refused")
    assert "purpose.not_granted" in page.inner_text("main")
    assert "9905251782" not in page.inner_text("main"), "whom it was about is not shown"
    page.locator(".who button").click()
    assert page.locator("main pre").count() == 1
    assert page.context.cookies() == []


CASE = {"key_kind": "national_id", "key": "9905251782"}


def test_an_agency_reads_the_figures_of_its_messages_and_takes_them_along(house):
    key = newcomer(house)
    session = signed_in(house, key)
    ((agency,),) = execute(
        house.db, "select agency from console_sessions where key = %s", (key.keyid,)
    )
    for owner, count in ((agency, 4321), ("somebody-else", 8765)):
        execute(
            house.notify_db,
            "insert into sender_days (day, owner, channel, template, kind, state, count, parts, "
            "cost_rials) values ((now() at time zone 'Asia/Tehran')::date, %s, 'sms', "
            "gen_random_uuid(), 'live', 'DELIVERED', %s, 2, 3)",
            (owner, count),
        )
    page = read(house, session, "/messages?days=7").text
    assert "4321" in page
    assert "8765" not in page, "another's figures"
    rows = read(house, session, "/messages.csv").content.decode("utf-8-sig").splitlines()
    assert [row.split(",", 1)[1].split(",")[-4:] for row in rows[1:]] == [
        ["DELIVERED", "4321", "2", "3"]
    ]
    for owner in (agency, "somebody-else"):
        execute(
            house.notify_db,
            "insert into unsubscriptions (receiver_hash, owner, template, message, at) "
            "values ('h', %s, %s, gen_random_uuid(), now())",
            (owner, f"of_{owner[:4]}"),
        )
    assert "/console/unsubscribed.csv" in page
    ended = read(house, session, "/unsubscribed.csv").content.decode("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in ended] == ["template", f"of_{agency[:4]}"]
    (figure,) = read(house, session, "/messages.json").json()["figures"]
    assert (figure["count"], figure["kind"], figure["state"]) == (4321, "live", "DELIVERED")


def test_the_connector_prints_the_address(house, tmp_path):
    key = newcomer_in(house, tmp_path)
    own = ("--key-file", str(tmp_path / "my-key.pem"), "--key-id", key)
    done = run_module("connector", "console", "--url", house.face, *own)
    assert done.returncode == 0, done.stderr
    address = urlsplit(done.stdout.strip())
    assert address.path == "/console"
    assert len(parse_qs(address.query)["code"][0]) == 32


def test_a_link_works_once_and_looking_at_it_does_not_use_it_up(house):
    key = newcomer(house)
    code = code_of(house, key)
    for _ in range(2):
        looked = requests.get(f"{house.face}/console?code={code}", timeout=20)
        assert (looked.status_code, "Set-Cookie" in looked.headers) == (200, False)
    own = {"Sec-Fetch-Site": "same-origin"}
    enter = f"{house.face}/console/enter"
    entered = [
        requests.post(enter, data={"code": code}, headers=own, allow_redirects=False, timeout=20)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in entered] == [303, 401]
    again = requests.post(
        enter, data={"code": code}, headers=own, cookies=entered[0].cookies, timeout=20
    )
    assert (again.status_code, again.url) == (200, f"{house.face}/console"), "a second press"
    cookie = entered[0].headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Set-Cookie" not in entered[1].headers
    assert code not in str(execute(house.db, "select * from console_codes"))
    execute(house.db, "update console_codes set until = now() - interval '1 second'")
    late = code_of(house, key)
    execute(house.db, "update console_codes set until = now() - interval '1 second'")
    assert requests.post(enter, data={"code": late}, headers=own, timeout=20).status_code == 401
    for strange in ("", "x", "\x00", "a" * 100):
        answer = requests.post(enter, data={"code": strange}, headers=own, timeout=20)
        assert answer.status_code in (401, 422), strange


def test_a_link_of_another_site_signs_nobody_in(house):
    code = code_of(house, newcomer(house))
    answer = requests.post(
        f"{house.face}/console/enter",
        data={"code": code},
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "http.cross_site")


def test_a_cookie_that_was_stolen_is_worth_nothing_after_the_sign_out(house):
    session = signed_in(house, newcomer(house))
    stolen = dict(session.cookies)
    assert requests.get(f"{house.face}/console/keys", cookies=stolen, timeout=20).ok
    session.post(f"{house.face}/console/sign-out", timeout=20)
    for path in PAGES:
        answer = requests.get(f"{house.face}/console{path}", cookies=stolen, timeout=20)
        assert answer.status_code == 401, path
    replay = requests.post(f"{house.face}/console/replay", cookies=stolen, timeout=20)
    assert replay.status_code == 401


def test_a_session_ends_with_its_key(house):
    key = newcomer(house)
    session = signed_in(house, key)
    with ThreadPoolExecutor(1) as pool:  # playwright's own loop runs in this thread
        pool.submit(house.revoke, key.keyid.rpartition("-")[0], "key", key.keyid).result()
    assert read(house, session).status_code == 401


def test_an_agency_sees_nothing_of_another_and_replays_its_own_call_backs_alone(house):
    key, other = newcomer(house), newcomer(house)
    assert post(house.face, key, {**CASE, "purpose": "fuel_quota", "case_number": "mine"}).ok
    own, strange = signed_in(house, key), signed_in(house, other)
    assert "mine" in read(house, own, "/calls").text
    assert "mine" not in read(house, strange, "/calls").text
    with closing(Listener()) as listener:
        endpoint = post(
            house.face,
            key,
            {"url": listener.url, "types": ["message.settled"]},
            "/v1/notify/put_callback",
        ).json()["callback"]
        post(house.face, key, {"callback": endpoint}, "/v1/notify/test_callback")
        wait_for(lambda: listener.deliveries)
        delivery = listener.deliveries[0].id
        assert delivery in read(house, own, "/callbacks").text
        assert endpoint not in read(house, strange, "/callbacks").text
        form = {"callback": endpoint, "id": delivery, "form": "1"}
        replay = f"{house.face}/console/replay"
        assert strange.post(replay, data=form, timeout=20).status_code == 404
        for _ in range(2):  # a form that is sent twice is one act
            assert "to be delivered again" in own.post(replay, data=form, timeout=20).text
        wait_for(lambda: len(listener.deliveries) == 2)
        assert listener.deliveries[1].id == delivery
