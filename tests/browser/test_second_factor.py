"""A colleague adds a passkey and an app in a browser, with a key that Chromium plays."""

import secrets

import pyotp
import pytest

from tests.browser.test_citizen import stand_up
from tests.gateway.desk.test_sessions import put


@pytest.fixture
def desk_by_name(shared_desk):
    """The desk by a name: a passkey belongs to a host name, never to an IP address."""
    return shared_desk.ops.replace("127.0.0.1", "localhost")


def sign_in(page, desk, name, password):
    page.goto(f"{desk}/desk/sign-in")
    page.fill("#username", name)
    page.fill("#password", password)
    page.click("form[action$='/sign-in'] button")


@pytest.fixture
def name(shared_desk):
    made = f"b{secrets.token_hex(4)}"
    assert put(shared_desk, made, "clerk", "groundwater", shared_desk.password).returncode == 0
    return made


def virtual_key(page):
    """Lets Chromium play a security key (WebAuthn, section 11)."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": False,
        "automaticPresenceSimulation": True,
    }
    made = line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return line, made["authenticatorId"]


def test_s16_a_colleague_proves_a_passkey_in_the_browser(
    visitor, judged, shared_desk, desk_by_name, name
):
    page = visitor()
    line, key = virtual_key(page)
    sign_in(page, desk_by_name, name, shared_desk.password)
    page.goto(f"{desk_by_name}/desk/account")
    judged(page)
    page.click("text=افزودن کلید امنیتی")
    judged(page)
    page.click("form[data-passkey] button")
    page.wait_for_selector("text=کدهای بازیابی")
    judged(page)
    page.click("text=نوشتم، ادامه")
    stand_up(page)
    sign_in(page, desk_by_name, name, shared_desk.password)
    assert page.url.endswith("/desk/second-factor")
    judged(page)
    page.click("text=تأیید با کلید امنیتی")
    page.wait_for_url(f"{desk_by_name}/desk")
    stand_up(page)
    # Another key, which was never added, proves nothing.
    line.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    virtual_key(page)
    sign_in(page, desk_by_name, name, shared_desk.password)
    page.click("text=تأیید با کلید امنیتی")
    page.wait_for_selector("text=کلید امنیتی پاسخ نداد")
    assert page.url.endswith("/desk/second-factor")


def test_s16_an_app_works_without_javascript_on_a_telephone(
    visitor, judged, shared_desk, desk_by_name, name
):
    page = visitor(script=False)
    sign_in(page, desk_by_name, name, shared_desk.password)
    page.goto(f"{desk_by_name}/desk/account")
    page.click("text=افزودن برنامه تولید کد")
    assert page.locator("img.qr").is_visible()
    app = pyotp.TOTP(page.input_value("input[name=seed]"))
    page.fill("#proof", "۱۲۳")
    page.click("text=افزودن >> nth=-1")
    assert page.locator("[role=alert]").is_visible()
    assert page.locator("img.qr").is_visible()
    digits = app.now().translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    page.fill("#proof", digits)
    page.click("form[action$='/finish'] button")
    assert page.locator("main li").count() == 10
