"""How we stand, what is announced and how to hear of it: in a browser, and each page judged."""

import itertools

import pytest

from contracts.notify import announcements as c
from tests.databases import make_database
from tests.gateway.public.test_news import WORDS, Newsroom, pin
from tests.processes import Starter
from tests.stores import execute, own_vhost
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def room(tmp_path_factory, broker, postgres, notify_template, demo_template):
    folder = tmp_path_factory.mktemp("news_pages")
    notify = make_database(postgres, "pages_notify", notify_template)
    inquiry = make_database(postgres, "pages_inquiry", demo_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        room = Newsroom(starter, folder, amqp, notify, inquiry)
        execute(
            room.db,
            "insert into component_days select c, current_date - n, 1440, n % 7 * 15, 60, "
            "least(60, n % 7 * 15) from unnest(array['portal', 'inquiry']) c, "
            "generate_series(1, 40) n",
        )
        room.planned = room.maintenance(begins=7200, ends=10_800, components=["billing"])
        room.ending = room.publish(
            "end_of_service", contracts=["inquiry.ask.v1"], sunset="2027-03-20"
        )
        room.publish("news")
        yield room
        starter.end()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_of_news_is_accessible(visitor, judged_wide_and_narrow, room, language):
    judged = judged_wide_and_narrow
    page = visitor(width=320)
    wait_for(lambda: "notice-title" in room.page("/"), 60)
    paths = (
        "/",
        "/status",
        f"/status/{room.planned['id']}",
        f"/status/{room.ending['id']}",
        "/news",
        "/subscribe",
        "/subscribe/confirm/none",
    )
    for path in paths:
        page.goto(f"{room.portal}{path}?lang={language}")
        assert page.locator("h1").count() == 1
        judged(page)
    page.goto(f"{room.portal}/status?lang={language}")
    for details in page.locator("main details").all():
        details.locator("summary").click()
    judged(page)
    page.goto(f"{room.portal}/subscribe?lang={language}")
    page.locator("main button").click()
    assert page.locator(".error-summary").count() == 1
    assert page.locator(".notice").count() == 0
    judged(page)


def test_on_a_phone_what_is_told_of_a_promise_stands_below_each_other(visitor, judged, room):
    page = visitor(width=390)
    page.goto(f"{room.portal}/status")
    rows = page.locator("table.stack tbody tr").all()
    assert len(rows) > 5
    for row in rows:
        cells = [cell.bounding_box() for cell in row.locator("th, td").all()]
        for above, below in itertools.pairwise(cells):
            assert below["y"] >= above["y"] + above["height"] - 1
        assert all(cell["width"] > 280 for cell in cells)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    judged(page)
    wide = visitor(width=1280)
    wide.goto(f"{room.portal}/status")
    codes = [code.bounding_box() for code in wide.locator("table.stack th bdi").all()]
    assert max(code["height"] for code in codes) < 40


def test_somebody_subscribes_and_ends_it_without_script(visitor, judged, room):
    page = visitor(script=False, width=320)
    page.goto(f"{room.portal}/subscribe")
    page.get_by_label("پست الکترونیک", exact=True).check()
    page.fill("#address", "page@mirab.example")
    page.check("#topic-billing")
    page.locator("main button").click()
    page.fill("#pin", pin(room))
    page.locator("main button").click()
    assert "مشترک شدید" in page.locator("main").inner_text()
    assert page.is_checked("#topic-billing")
    page.check("#news")
    page.locator("main button").first.click()
    assert page.is_checked("#news")
    address = page.url
    judging = visitor(width=320)
    judging.goto(address)
    judged(judging)
    page.locator("button.danger").click()
    assert "لغو شد" in page.locator("h1").inner_text()
    judging.reload()
    judged(judging)


def test_a_closed_page_is_accessible_and_leads_to_the_announcement(visitor, judged, room):
    reply = room.maintenance(components=["inquiry"])
    wait_for(lambda: room.get("/verify").status_code == 503, 60)
    page = visitor(width=320)
    for language in ("fa", "en"):
        page.goto(f"{room.portal}/verify?lang={language}")
        judged(page)
    page.locator(f"main a[href='/status/{reply['id']}']").click()
    assert page.locator("ol.timeline li").count() >= 1
    room.ask(c.CANCEL_ANNOUNCEMENT, id=reply["id"], text=WORDS)
