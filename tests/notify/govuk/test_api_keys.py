"""Keys of the Notify API: whose a token is, row by row; and what a key may send."""

import base64
import json
import os
import time
import uuid

import jwt
import pytest

from bus.activator import Call, Fate
from bus.blobs import Blobs
from bus.envelope import Envelope
from contracts.notify import govnotify
from services.notify.govuk import __main__ as command
from services.notify.govuk import api_keys, letters
from services.notify.govuk.tokens import UNLIKE
from tests.stores import execute

UNKNOWN = str(uuid.UUID(int=7))
SKEW = "Error: Your system clock must be accurate to within 30 seconds"
ADDRESS = ["سارا نمونه", "خیابان آب، پلاک 3", "تهران", "1193653471"]


class Api:
    """An agency with keys, before a service in hand."""

    def __init__(self, hand, owner="power-co"):
        self.hand, self.owner, self.keys = hand, owner, {}
        for kind in ("live", "team", "test"):
            self.make(kind, kind)
        self.service = self.keys["live"][-73:-37]

    def make(self, name, kind):
        with self.hand.context() as context:
            self.keys[name] = api_keys.make(context.conn, context.keys, self.owner, name, kind)
        return self.keys[name]

    def do(self, act, *values):
        """One of the acts of the command, on this agency."""
        with self.hand.context() as context:
            with_keys = (context.keys,) if act is api_keys.add_guest else ()
            return act(context.conn, *with_keys, self.owner, *values)

    def token(self, name="live", *, headers=None, algorithm="HS256", **claims):
        key = self.keys[name]
        answer = {"iss": key[-73:-37], "iat": int(self.hand.moment.timestamp()), **claims}
        answer = {name: value for name, value in answer.items() if value is not None}
        return jwt.encode(answer, key[-36:], algorithm=algorithm, headers=headers)

    def authenticated(self, token):
        return self.hand.call(govnotify.AUTHENTICATE, token=token)

    def call(self, contract, *, kind="live", act=None, **data):
        """The result of one call with a key of that kind; ``act`` repeats an earlier one."""
        person = self.authenticated(self.token(kind))
        caller = {
            "agency": person["owner"],
            "service": person["service"],
            "key": person["key"],
            "kind": person["kind"],
        }
        options = {"id": act} if act else {}
        envelope = Envelope.new(contract.name, "test", caller=caller, **options)
        method = getattr(type(self.hand.service), contract.operation)
        (outcome,) = method(self.hand.service, [Call.of(contract, envelope, data)])
        assert outcome.fate is Fate.DONE, outcome
        return outcome.reply.get("result", outcome.reply.get("error"))

    def sms(self, to="+989900000001", *, kind="live", act=None, **more):
        more.setdefault("personalisation", {"text": "سلام"})
        return self.call(
            govnotify.API_SEND,
            kind=kind,
            act=act,
            channel="sms",
            template=self.sms_form,
            to=to,
            **more,
        )

    def read(self, sent, kind="live"):
        return self.call(govnotify.API_MESSAGE, kind=kind, id=sent["id"])

    def state(self, sent, kind="live"):
        return self.read(sent, kind)["state"]

    def listed(self, kind="live", channels=("sms", "email", "letter"), **more):
        wanted = [{"channel": c, "states": list(govnotify.STATES)} for c in channels]
        answer = self.call(govnotify.API_MESSAGES, kind=kind, wanted=wanted, **more)
        return [item["id"] for item in answer["messages"]]


@pytest.fixture
def api(hand):
    made = Api(hand)
    made.sms_form = hand.template("((text))")
    made.email_form = hand.template("((text))", code="mail", channel="email", subject="خبر")
    made.letter_form = hand.template("((text))", code="paper", channel="letter", subject="نامه")
    return made


# --- whose a token is ---


def test_a_token_of_each_key_is_the_service_s(api):
    for kind in ("live", "team", "test"):
        answer = api.authenticated(api.token(kind))
        assert (answer["refusal"], answer["owner"], answer["kind"]) == (None, "power-co", kind)
        assert answer["service"] == api.service


@pytest.mark.parametrize("skew", [-31, 31])
def test_a_token_of_another_minute_is_refused(api, skew):
    token = api.token(iat=int(api.hand.moment.timestamp()) + skew)
    assert api.authenticated(token)["refusal"] == SKEW


@pytest.mark.parametrize("skew", [-30, 30])
def test_a_token_of_the_last_and_next_thirty_seconds_is_taken(api, skew):
    token = api.token(iat=int(api.hand.moment.timestamp()) + skew)
    assert api.authenticated(token)["refusal"] is None


def _part(answer):
    return base64.urlsafe_b64encode(json.dumps(answer).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ("nonsense", UNLIKE),
        ("a.b.c", UNLIKE),
        (f"{_part({'alg': 'HS256'})}.{_part([1])}.x", UNLIKE),
        (f"{_part({'alg': 'HS256'})}.{_part({'iat': 1})}.x", "iss field not provided"),
        (f"{_part({'alg': 'HS256'})}.{_part({'iss': 5})}.x", "service id is not the right data"),
        (f"{_part({'alg': 'HS256'})}.{_part({'iss': 'me'})}.x", "service id is not the right data"),
        (f"{_part({'alg': 'HS256'})}.{_part({'iss': UNKNOWN})}.x", "service not found"),
    ],
)
def test_what_is_no_token_of_ours_is_refused_in_notify_s_words(api, token, refusal):
    assert refusal in api.authenticated(token)["refusal"]


def test_a_token_signed_by_another_secret_finds_no_key(api):
    token = jwt.encode(
        {"iss": api.service, "iat": int(api.hand.moment.timestamp())}, str(uuid.uuid4())
    )
    assert api.authenticated(token)["refusal"] == "Invalid token: API key not found"


@pytest.mark.parametrize("algorithm", ["HS512", "HS384"])
def test_no_other_algorithm_is_taken(api, algorithm):
    refusal = "Invalid token: algorithm used is not HS256"
    with pytest.warns(Warning, match="key"):  # PyJWT finds the key short for it
        token = api.token(algorithm=algorithm)
    assert api.authenticated(token)["refusal"] == refusal


def test_an_unsigned_token_is_refused(api):
    answer = {"iss": api.service, "iat": int(api.hand.moment.timestamp())}
    token = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(answer)}."
    assert api.authenticated(token)["refusal"] in (
        UNLIKE,
        "Invalid token: algorithm used is not HS256",
    )


@pytest.mark.parametrize("iat", ["soon", True, [1]])
def test_a_token_without_a_good_moment_is_refused(api, iat):
    answer = {"iss": api.service, "iat": iat}
    token = jwt.api_jws.PyJWS().encode(json.dumps(answer).encode(), api.keys["live"][-36:], "HS256")
    assert api.authenticated(token)["refusal"] == SKEW


def test_a_token_that_says_nothing_of_its_moment_finds_no_key(api):
    assert api.authenticated(api.token(iat=None))["refusal"] == "Invalid token: API key not found"


def test_a_token_that_ended_is_refused(api):
    token = api.token(exp=int(api.hand.moment.timestamp()) - 60)
    assert api.authenticated(token)["refusal"] == UNLIKE


def test_a_revoked_key_is_told_so_and_the_others_stay(api):
    assert api.do(api_keys.revoke, "live")
    assert api.authenticated(api.token("live"))["refusal"] == "Invalid token: API key revoked"
    assert api.authenticated(api.token("test"))["refusal"] is None
    assert not api.do(api_keys.revoke, "live")


def test_a_service_without_keys_and_an_archived_one_are_told_apart(api):
    execute(api.hand.db, "update api_services set archived_at = now()")
    assert api.authenticated(api.token())["refusal"] == "Invalid token: service is archived"
    execute(api.hand.db, "delete from api_keys")
    assert api.authenticated(api.token())["refusal"] == "Invalid token: service has no API keys"


def test_the_database_knows_no_secret(api):
    rows = execute(api.hand.db, "select secret from api_keys")
    assert not any(key[-36:] in row[0] for key in api.keys.values() for row in rows)


def test_the_command_makes_lists_and_revokes(hand, monkeypatch, capsys):
    monkeypatch.setenv("DB_URL", hand.db)
    monkeypatch.setenv("NOTIFY_KEY", hand.keys.secret)
    assert command.main(["make", "power-co", "--name", "first", "--kind", "live"]) == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("first-")
    assert str(uuid.UUID(key[-36:])) == key[-36:]
    assert str(uuid.UUID(key[-73:-37])) == key[-73:-37]
    assert command.main(["make", "power-co", "--name", "first", "--kind", "test"]) == 1
    assert command.main(["guest", "power-co", "09900000001"]) == 0
    assert command.main(["limit", "power-co", "sms", "3"]) == 0
    assert command.main(["revoke", "power-co", "--name", "first"]) == 0
    assert command.main(["list", "power-co"]) == 0
    assert "revoked" in capsys.readouterr().out
    assert command.main(["list", "nobody"]) == 1
    assert command.main(["guest", "power-co", "0990"]) == 1
    assert command.main(["archive", "power-co"]) == 0


# --- what a key may do ---


def test_a_live_key_s_message_waits_like_any_other(api):
    sent = api.sms(reference="r1")
    assert api.state(sent) == "CREATED"
    assert api.hand.message(sent["id"]).owner == "power-co"


def test_the_reply_that_is_remembered_says_nothing_of_the_receiver(api):
    api.sms(act=str(uuid.uuid4()))
    replies = execute(api.hand.db, "select convert_from(reply, 'UTF8') from inbox")
    assert len(replies) == 1
    assert "9900000001" not in replies[0][0]
    assert "سلام" not in replies[0][0]


def test_the_same_act_twice_is_one_message(api):
    act = str(uuid.uuid4())
    assert api.sms(act=act) == api.sms(act=act)
    assert execute(api.hand.db, "select count(*) from messages") == [(1,)]


@pytest.mark.parametrize(
    ("to", "state"),
    [
        ("+989900000001", "DELIVERED"),
        ("+447700900001", "DELIVERED"),
        ("+447700900003", "UNDELIVERED"),
        ("+447700900002", "REJECTED"),
    ],
)
def test_a_test_key_s_sms_ends_as_its_number_says_and_was_never_due(api, to, state):
    sent = api.sms(to, kind="test")
    assert api.state(sent, "test") == state
    assert execute(api.hand.db, "select count(*) from handovers") == [(0,)]
    assert [name for name, _ in api.hand.events()][-1] == "notify.message_settled.v1"


@pytest.mark.parametrize(
    ("to", "state"),
    [
        ("someone@mirab.example", "DELIVERED"),
        ("temp-fail@simulator.notify", "UNDELIVERED"),
        ("perm-fail@simulator.notify", "REJECTED"),
    ],
)
def test_a_test_key_s_email_ends_as_its_address_says(api, to, state):
    sent = api.call(
        govnotify.API_SEND,
        kind="test",
        channel="email",
        template=api.email_form,
        to=to,
        personalisation={"text": "سلام"},
    )
    assert api.state(sent, "test") == state


def test_messages_of_test_keys_are_in_no_public_figure(api):
    for _ in range(6):
        api.sms(kind="test")
    api.sms()
    api.hand.service.add_up_messages_of_today()
    assert execute(api.hand.db, "select channel, accepted from message_days") == [("sms", 1)]


def test_test_messages_cost_no_receiver_s_patience(api):
    for _ in range(40):
        assert "id" in api.sms(kind="test")
    assert "id" in api.sms(kind="live")


def test_what_was_accepted_is_accounted_for_with_test_keys_too(api):
    api.sms(kind="test")
    api.sms(kind="live")
    accepted = execute(api.hand.db, "select sum(count) from accepted")
    assert accepted == execute(api.hand.db, "select count(*) from messages")


def test_a_team_key_writes_to_its_guests_only(api):
    refused = api.sms(kind="team")
    assert refused["message"] == "Can’t send to this recipient using a team-only API key"
    api.do(api_keys.add_guest, "09900000001")
    assert "id" in api.sms(kind="team")
    assert "message" in api.sms("+989900000002", kind="team")
    letter = api.call(
        govnotify.API_SEND,
        kind="team",
        channel="letter",
        template=api.letter_form,
        address=ADDRESS,
        personalisation={"text": "سلام"},
    )
    assert letter["details"]["status"] == "403"


def test_a_day_has_its_limit_for_each_kind_of_key(api):
    api.do(api_keys.limit, "sms", 2)
    assert all("id" in api.sms() for _ in range(2))
    refused = api.sms()
    assert refused["message"] == "Exceeded send limits (sms: 2) for today"
    assert refused["details"] == {"status": "429", "error": "TooManyRequestsError"}
    assert "id" in api.sms(kind="test")
    api.hand.later(days=1)
    assert "id" in api.sms()


def test_a_template_of_another_channel_or_agency_is_refused(api):
    wrong = api.call(
        govnotify.API_SEND,
        channel="sms",
        template=api.email_form,
        to="+989900000001",
        personalisation={"text": "سلام"},
    )
    assert wrong["message"] == "email template is not suitable for sms notification"
    other = Api(api.hand, "fuel-co")
    other.sms_form = api.sms_form
    assert other.sms()["code"] == "template.not_found"


def test_who_came_by_another_door_may_not_use_this_one(hand):
    fields = {"wanted": [], "reference": None}
    assert hand.call(govnotify.API_MESSAGES, asker="power-co", **fields)["code"] == "agency.only"


# --- reading ---


def test_a_page_shows_what_came_by_keys_of_one_kind(api):
    first, second = api.sms(reference="a"), api.hand.later(seconds=1) and api.sms()
    attempts = api.sms(kind="test")
    by_door = api.hand.send("free")["id"]
    assert set(api.listed()) == {first["id"], second["id"], by_door}
    assert api.listed("test") == [attempts["id"]]
    assert api.listed(reference="a") == [first["id"]]
    assert api.listed(channels=("email",)) == []
    assert api.listed(older_than=second["id"], reference="a") == [first["id"]]
    assert api.listed(older_than=first["id"], reference="a") == []
    assert api.listed(older_than=str(uuid.uuid4())) == []


def test_nobody_reads_another_agency_s_messages(api):
    sent = api.sms()
    other = Api(api.hand, "fuel-co")
    assert other.read(sent)["code"] == "message.not_found"
    assert other.listed(older_than=sent["id"]) == []


def test_a_message_whose_personal_data_is_gone_is_not_there_any_more(api):
    sent = api.sms()
    execute(api.hand.db, "update messages set receiver = null, contents = null")
    assert api.read(sent)["code"] == "message.not_found"
    assert api.listed() == []


def test_the_way_to_unsubscribe_stands_beside_the_e_mail(api):
    url = "https://power.example/stop?u=1"
    sent = api.call(
        govnotify.API_SEND,
        channel="email",
        template=api.email_form,
        to="a@mirab.example",
        personalisation={"text": "سلام"},
        unsubscribe_url=url,
    )
    assert api.read(sent)["unsubscribe_url"] == url
    assert api.hand.message(sent["id"]).contents["email"]["unsubscribe"] == url


# --- letters ---


def post_letter(api, **more):
    return api.call(
        govnotify.API_SEND,
        channel="letter",
        template=api.letter_form,
        address=ADDRESS,
        personalisation={"text": "متن نامه"},
        **more,
    )


def test_letters_wait_for_the_printer_and_are_marked_once(api):
    letter = post_letter(api, reference="x/1")
    pdf = {"sha256": "a" * 64, "size": 5}
    ready = api.call(govnotify.API_SEND, channel="letter", pdf=pdf, reference="x/2")
    assert api.hand.call(govnotify.PRINT_QUEUE, as_="karim")["waiting"] == 1
    execute(
        api.hand.db,
        "update messages set contents = jsonb_set(contents, '{letter,scan}', '\"CLEAN\"') "
        "where id = %s",
        (ready["id"],),
    )
    queue = api.hand.call(govnotify.PRINT_QUEUE, as_="karim")
    assert queue["waiting"] == 2
    assert [item["id"] for item in queue["letters"]] == [letter["id"], ready["id"]]
    assert queue["letters"][0]["to"]["address"] == ADDRESS
    assert queue["letters"][1]["pdf"] == pdf
    ids = [letter["id"], ready["id"], str(uuid.uuid4()), "nothing"]
    assert api.hand.call(govnotify.LETTERS_PRINTED, as_="karim", ids=ids)["marked"] == 2
    assert api.hand.call(govnotify.LETTERS_PRINTED, as_="karim", ids=ids)["marked"] == 0
    assert api.state(letter) == "SENT"
    assert api.hand.call(govnotify.PRINT_QUEUE, as_="karim")["waiting"] == 0


def test_each_look_at_letters_is_noted_and_needs_an_editor(api):
    post_letter(api)
    assert api.hand.call(govnotify.PRINT_QUEUE)["code"] == "notices.not_an_editor"
    assert api.hand.call(govnotify.LETTERS_PRINTED, ids=["x"])["code"] == "notices.not_an_editor"
    api.hand.call(govnotify.PRINT_QUEUE, as_="mina")
    assert execute(api.hand.db, "select actor, reason from looks") == [("mina", "letters to print")]


def test_a_test_key_s_letter_is_never_printed(api):
    sent = api.call(
        govnotify.API_SEND,
        kind="test",
        channel="letter",
        template=api.letter_form,
        address=ADDRESS,
        personalisation={"text": "متن"},
    )
    assert api.hand.call(govnotify.PRINT_QUEUE, as_="karim")["waiting"] == 0
    assert api.state(sent, "test") == "DELIVERED"


def test_a_pdf_is_kept_while_a_message_holds_it(api, tmp_path):
    blobs = Blobs(tmp_path)
    held, free = (blobs.add(text).sha256 for text in (b"held", b"free"))
    pdf = {"sha256": held, "size": 4}
    api.call(govnotify.API_SEND, channel="letter", pdf=pdf, reference="x")
    letters.sweep(api.hand.store, _aged(tmp_path))
    assert blobs.read(held) == b"held"
    assert not (tmp_path / free[:2] / free).exists()


def _aged(folder):
    """The store two days later."""
    for path in folder.glob("*/*"):
        os.utime(path, (time.time() - 2 * 86_400,) * 2)
    return Blobs(folder)
