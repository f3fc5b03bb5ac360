"""A photo that comes in by whatever door is read by nobody with its place, device and owner."""

import html
import re

import pytest
import requests

from tests.gateway.desk.seats import Seat
from tests.gateway.desk.test_desk_letters import message, send
from tests.gateway.desk.test_desk_pages import registered
from tests.pictures import CLEAN, facts, photo, pixels
from tests.stores import execute
from tests.waiting import wait_for

NAME = "IMG_7781.jpg"


def by_api(desk, content):
    """A program of citizens uploads it and sends the claim."""
    ticket = registered(desk)
    url, files = f"{desk.portal}/v1/attachments", {"file": (NAME, content)}
    claim = requests.post(url, files=files, timeout=20).json()["claim"]
    done = requests.post(
        f"{desk.portal}/v1/tickets/{ticket['code']}/messages",
        headers={"Ticket-Secret": ticket["secret"]},
        json={"text": "عکس", "claims": [claim]},
        timeout=20,
    )
    assert done.status_code == 200, done.text
    return ticket


def by_page(desk, content):
    """The citizen writes on the page of the ticket."""
    ticket, browser = registered(desk), requests.Session()
    opened = browser.post(
        f"{desk.portal}/contact/track",
        data={"code": ticket["code"], "secret": ticket["secret"]},
        timeout=20,
    )
    own = re.search(r'name="form" value="([^"]+)"', opened.text)
    done = browser.post(
        f"{desk.portal}/contact/ticket/write",
        data={"of": ticket["code"], "form": own[1], "text": "عکس"},
        files={"attachments": (NAME, content)},
        timeout=20,
    )
    assert "did=write" in done.url, done.text
    return ticket


def by_desk(desk, content):
    """A colleague sends it to the citizen."""
    ticket = registered(desk)
    seat = Seat(desk, "karim")
    files = {"attachments": (NAME, content)}
    done = seat.post(
        f"/tickets/{ticket['code']}/say", text="این نقشه است.", version="1", files=files
    )
    assert done.status_code == 200, done.text
    return ticket


def by_letter(desk, content):
    """It is attached to an e-mail; who wrote has no secret in this test."""
    letter = message("عکس چاه", sender="photo@example.com")
    letter.add_attachment(content, maintype="image", subtype="jpeg", filename=NAME)
    number = send(desk, letter, sender="photo@example.com")
    statement = "select t.code from tickets t join letters l on l.ticket = t.id where l.id = %s"
    return {"code": execute(desk.db, statement, (number,))[0][0]}


DOORS = {"API": by_api, "page": by_page, "desk": by_desk, "letter": by_letter}


def scanned(desk, code):
    """The files of a ticket, once the scanner has seen them: id, state and where it lies."""
    statement = (
        "select f.id, f.state, f.sha256, f.size from files f "
        "join tickets t on t.id = f.ticket where t.code = %s and f.state <> 'HELD'"
    )
    return wait_for(lambda: execute(desk.db, statement, (code,)), 30)


@pytest.mark.parametrize("door", DOORS)
def test_a_photo_is_handed_out_without_its_place_upright_and_pixel_by_pixel(shared_desk, door):
    came = photo()
    ticket = DOORS[door](shared_desk, came)
    code = ticket["code"]
    ((file, state, _, size),) = scanned(shared_desk, code)
    assert state == "CLEAN"
    at_desk = f"{shared_desk.ops}/desk/tickets/{code}/files/{file}"
    handed = [Seat(shared_desk, "karim").session.get(at_desk, timeout=20)]
    if "secret" in ticket:
        handed.append(
            requests.get(
                f"{shared_desk.portal}/v1/tickets/{code}/attachments/{file}",
                headers={"Ticket-Secret": ticket["secret"]},
                timeout=20,
            )
        )
    for answer in handed:
        assert answer.status_code == 200, answer.text
        assert facts(answer.content) == CLEAN
        assert pixels(answer.content) == pixels(came)
        assert len(answer.content) == size


def test_a_broken_picture_of_an_e_mail_stays_shut_is_kept_and_named_to_both(shared_desk):
    broken = photo("PNG", behind=b"")[:3000]
    letter = message("عکس چاه", sender="broken@example.com")
    letter.add_attachment(broken, maintype="image", subtype="png", filename="چاه.png")
    number = send(shared_desk, letter, sender="broken@example.com")
    statement = "select t.code from tickets t join letters l on l.ticket = t.id where l.id = %s"
    code = execute(shared_desk.db, statement, (number,))[0][0]
    ((file, state, sha256, _),) = scanned(shared_desk, code)
    assert state == "UNREADABLE"
    stored = shared_desk.environ["BLOBS_DIR"]
    with open(f"{stored}/{sha256[:2]}/{sha256}", "rb") as kept:
        assert kept.read() == broken
    seat = Seat(shared_desk, "karim")
    page = html.unescape(seat.get(f"/tickets/{code}").text)
    assert "عکس خوانده نشد؛ باز نمی‌شود" in page
    assert "عکس پیوست خوانده نشد و باز نمی‌شود" in page
    assert seat.get(f"/tickets/{code}/files/{file}").status_code == 404
    texts = wait_for(
        lambda: [
            text
            for text in map(_body, shared_desk.letters("broken@example.com"))
            if "این عکس خوانده نشد" in text
        ],
        30,
    )
    assert "چاه.png" in texts[0]


def _body(letter):
    return letter.get_body(("plain",)).get_content()


def test_a_broken_picture_in_a_form_of_the_desk_is_refused_with_what_to_do(shared_desk):
    ticket = registered(shared_desk)
    files = {"attachments": ("a.png", photo("PNG")[:3000])}
    seat = Seat(shared_desk, "karim")
    page = seat.press(f"/tickets/{ticket['code']}/note", text="از بازدید", version="1", files=files)
    assert page.status_code == 422
    assert "با قالب JPEG دوباره ذخیره" in html.unescape(page.text)
    assert "از بازدید" in page.text, "what was typed comes back"
