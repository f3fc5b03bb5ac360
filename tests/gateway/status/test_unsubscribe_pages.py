"""The page of the unsubscribe link: reading changes nothing, one click needs no page of ours."""

import pytest

from bus.errors import NotFound
from tests.gateway.public.strangers import Portal

KEY = "k" * 44
AT = f"/unsubscribe/{KEY}"
NEWS = {
    "owner": "power-co",
    "owner_fa": "شرکت برق",
    "owner_en": "Power Company",
    "name": "خبرنامه <برق>",
    "ended": False,
}
END, RESUME = "notify.end_news_of_sender.v1", "notify.resume_news_of_sender.v1"


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    made.services.replies |= {
        "notify.news_of_sender.v1": NEWS,
        END: {**NEWS, "ended": True},
        RESUME: NEWS,
    }
    return made


def acts(portal):
    """The contracts that change something and were asked, with their fields."""
    return [(name, data) for name, data, _, _ in portal.services.questions if name in (END, RESUME)]


@pytest.mark.parametrize(
    ("language", "sender", "button"),
    [
        ("fa", "شرکت برق", "لغو اشتراک"),
        ("en", "Power Company", "Unsubscribe"),
        ("ar", "شرکت برق", "إلغاء الاشتراك"),
    ],
)
def test_the_page_says_what_ends_and_changes_nothing(portal, language, sender, button):
    page = portal.send("GET", f"{AT}?lang={language}")
    assert page.status_code == 200
    assert f"<bdi>{sender}</bdi>" in page.text
    assert "خبرنامه &lt;برق&gt;" in page.text
    assert f'action="{AT}" method="post"' in page.text
    assert f">{button}</button>" in page.text
    assert portal.send("HEAD", AT).status_code == 200
    assert acts(portal) == []


def test_one_click_of_a_mail_program_ends_it_without_cookie_or_page(portal):
    answer = portal.send(
        "POST",
        AT,
        data={"List-Unsubscribe": "One-Click"},
        headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 200
    assert acts(portal) == [(END, {"token": KEY})]
    assert f'action="{AT}/undo"' in answer.text


def test_the_receiver_takes_it_back_on_the_page_and_another_site_cannot(portal):
    foreign = portal.send("POST", f"{AT}/undo", headers={"Origin": "https://mail.example"})
    assert foreign.status_code == 403
    assert acts(portal) == []
    answer = portal.send("POST", f"{AT}/undo", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{AT}?did=undone")
    assert acts(portal) == [(RESUME, {"token": KEY})]
    assert "دوباره برای شما فرستاده می‌شود" in portal.send("GET", f"{AT}?did=undone").text


def test_a_link_that_is_none_is_a_page_without_a_button(portal):
    refusal = NotFound("None.", code="unsubscribe.not_found")
    portal.services.replies["notify.news_of_sender.v1"] = refusal
    page = portal.send("GET", AT, headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert 'action="/unsubscribe' not in page.text


def test_no_search_engine_keeps_the_page(portal):
    assert "Disallow: /unsubscribe/" in portal.send("GET", "/robots.txt").text.splitlines()
