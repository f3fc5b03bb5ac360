"""The pages for who lost a secret: for tickets and for own inquiries, and where none can be had."""

import re
import uuid

import pytest

from bus.errors import NotFound, RuleBroken
from tests.gateway.public.strangers import Portal

KINDS = {
    "/contact/lost": ("ticketing", "/contact/track"),
    "/inquiry/lost": ("inquiry", "/inquiry/open"),
}
CODE = "4052138845"


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    for service in ("ticketing", "inquiry"):
        made.services.replies |= {
            f"{service}.ask_new_secret.v1": {"request_id": str(uuid.uuid4()), "valid_minutes": 30},
            f"{service}.new_secret.v1": lambda data: (
                {"code": CODE}
                if data["pin"] == "123456"
                else RuleBroken("The code is not right.", code="secret_code.wrong")
            ),
        }
    return made


@pytest.mark.parametrize("path", KINDS)
def test_p16_a_lost_secret_is_renewed_by_pages_alone(portal, path):
    service, open_at = KINDS[path]
    assert path in portal.send("GET", open_at).text
    assert portal.send("GET", path).status_code == 200
    typed = {"code": "۴۰۵ ۲۱۳ ۸۸۴۵", "contact": "۰۹۱۲ ۱۲۳ ۴۵۶۷"}
    request = portal.send("POST", path, data=typed)
    assert request.status_code == 303
    page = request.headers["location"]
    form = portal.form(page)
    wrong = portal.send("POST", page, data={"form": form, "pin": "654321"})
    assert wrong.status_code == 422
    assert "کد درست نیست" in wrong.text
    form = re.search(r'name="form" value="([^"]+)"', wrong.text)[1]
    done = [portal.send("POST", page, data={"form": form, "pin": "۱۲۳۴۵۶"}).text for _ in range(2)]
    secrets = portal.services.secrets(f"{service}.new_secret.v1")
    assert secrets[-1] == secrets[-2], "a form that is sent twice shows one secret"
    for page in done:
        digits = re.sub(r"\D", "", re.search(r"رمز</dt><dd>(.*?)</dd>", page)[1])
        assert digits.endswith(secrets[-1])
    (asked_for,) = [
        data for name, data, _, _ in portal.services.questions if "ask_new_secret" in name
    ]
    assert (asked_for["code"], asked_for["contact"]) == (CODE, "+989121234567")


@pytest.mark.parametrize("path", KINDS)
def test_p16_a_field_that_is_wrong_is_named_and_what_was_typed_stays(portal, path):
    page = portal.send("POST", path, data={"code": "12", "contact": "nobody"})
    assert page.status_code == 422
    assert 'value="nobody"' in page.text
    assert 'id="contact' in page.text


def test_p16_codes_are_asked_for_by_one_address_with_an_end_and_guesses_are_counted(portal):
    service = portal.services.replies
    service["ticketing.new_secret.v1"] = NotFound("Gone.", code="secret_code.gone")
    page = f"/contact/lost/{uuid.uuid4()}"
    codes = [portal.send("POST", page, data={"pin": "000000"}).status_code for _ in range(65)]
    assert codes[-1] == 429
    typed = {"code": CODE, "contact": "09121234567"}
    requests = [portal.send("POST", "/contact/lost", data=typed).status_code for _ in range(65)]
    assert requests[0] == 303
    assert requests[-1] == 429


def test_p16_the_page_of_tracking_and_the_inbox_say_what_to_do_without_the_secret(portal):
    assert 'href="/contact/lost"' in portal.send("GET", "/contact/track").text
    assert 'href="/inquiry/lost"' in portal.send("GET", "/inquiry/open").text
    assert "صندوق تازه‌ای بسازید" in portal.send("GET", "/inbox/open").text
