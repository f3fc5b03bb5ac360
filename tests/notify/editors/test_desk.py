"""What editors may do: templates by two people, providers, messages looked at for a reason."""

import uuid

import pytest

from contracts.notify import bulk
from contracts.notify import desk as contracts
from contracts.notify import messages as notify
from services.notify.bulk import checks
from services.notify.providers import states
from services.notify.providers.channels import ChannelProvider
from tests.notify.conftest import MOBILE
from tests.processes import run_module
from tests.stores import execute

TEXT = {"fa": {"subject": None, "body": "آب ((place)) قطع است"}}


@pytest.fixture
def desk(hand):
    """The service in hand; karim is an editor, mina and nader are approvers."""
    return hand


def draft(desk, as_="karim", code="well_closed", texts=TEXT, **more):
    return desk.call(
        contracts.DRAFT_FORM, as_=as_, code=code, channel="sms", name="قطعی آب", texts=texts, **more
    )


def code_of(answer):
    return answer.get("code")


# --- who may ---


@pytest.mark.parametrize(
    ("contract", "data"),
    [
        (contracts.FORMS, {}),
        (contracts.PROVIDERS, {}),
        (contracts.FIND_MESSAGES, {}),
        (contracts.LOOKS, {}),
        (contracts.FIGURES, {}),
        (contracts.PAUSE_PROVIDER, {"code": "kavenegar"}),
        (contracts.OPT_OUT, {"mobile": MOBILE, "why": "تلفنی گفت"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_who_is_no_editor_sees_and_does_nothing(desk, contract, data):
    for item in ({"as_": "sara"}, {"asker": "power-co"}, {}):
        assert desk.call(contract, **item, **data)["code"] == "notices.not_an_editor"


def command(desk, *words):
    """What `python -m services.notify.editors` says, with its exit code."""
    done = run_module("services.notify.editors", *words, DB_URL=desk.db)
    return done.returncode, done.stdout


def test_a_role_is_given_and_taken_by_a_command_and_counts_at_once(desk):
    assert command(desk, "put", "Sara", "--role", "editor") == (0, "done\n")
    assert "forms" in desk.call(contracts.FORMS, as_="sara")
    assert command(desk, "close", "sara") == (0, "closed\n")
    assert code_of(desk.call(contracts.FORMS, as_="sara")) == "notices.not_an_editor"
    assert command(desk, "close", "nobody")[0] == 1
    listed = dict(line.split()[:2] for line in command(desk, "list")[1].splitlines())
    assert listed == {
        "karim": "editor",
        "mina": "approver",
        "nader": "approver",
        "sara": "editor",
    }


# --- templates ---


def test_a_template_counts_when_a_second_person_has_approved_it(desk):
    form = draft(desk)
    assert (form["state"], form["in_force"]) == ("DRAFT", None)
    fields = {"id": form["id"], "version": 1}
    assert code_of(desk.call(contracts.APPROVE_VERSION, as_="karim", **fields)) == (
        "notices.not_an_approver"
    )
    reply = desk.call(contracts.APPROVE_VERSION, as_="mina", **fields)
    assert (reply["in_force"], reply["versions"][0]["approved_by"]) == (1, "mina")


def test_nobody_approves_what_he_wrote_himself(desk):
    form = draft(desk, as_="mina")
    fields = {"id": form["id"], "version": 1}
    refused = desk.call(contracts.APPROVE_VERSION, as_="mina", **fields)
    assert code_of(refused) == "notices.same_person"
    assert desk.call(contracts.APPROVE_VERSION, as_="nader", **fields)["in_force"] == 1


def test_drafts_of_all_owners_wait_in_one_list(desk):
    draft(desk)
    desk.call(
        notify.DRAFT_TEMPLATE, asker="power-co", code="cut", channel="sms", name="cut", texts=TEXT
    )
    reply = desk.call(contracts.FORMS, as_="mina", drafts=True)["forms"]
    assert {(form["owner"], form["code"]) for form in reply} == {
        ("mirab", "well_closed"),
        ("power-co", "cut"),
    }
    assert desk.call(contracts.FORMS, as_="mina", owner="power-co")["forms"][0]["code"] == "cut"


def test_a_withdrawn_version_gives_way_to_the_one_before(desk):
    form = draft(desk)
    desk.call(contracts.APPROVE_VERSION, as_="mina", id=form["id"], version=1)
    draft(desk, texts={"fa": {"subject": None, "body": "متن تازه ((place))"}})
    desk.call(contracts.APPROVE_VERSION, as_="mina", id=form["id"], version=2)
    two = {"id": form["id"], "version": 2}
    refused = desk.call(contracts.WITHDRAW_VERSION, as_="karim", **two)
    assert code_of(refused) == "notices.not_an_approver"
    reply = desk.call(contracts.WITHDRAW_VERSION, as_="nader", **two)
    assert (reply["in_force"], reply["versions"][0]["withdrawn_by"]) == (1, "nader")


def test_of_an_archived_template_no_message_is_made(desk):
    id_ = desk.template()
    assert desk.send()["state"] == "CREATED"
    assert desk.call(contracts.ARCHIVE_FORM, as_="mina", id=id_)["archived"]
    assert code_of(desk.send()) == "template.not_found"


def test_who_drafts_an_archived_template_again_revives_nothing_unapproved(desk):
    form = draft(desk)
    desk.call(contracts.APPROVE_VERSION, as_="mina", id=form["id"], version=1)
    desk.call(contracts.ARCHIVE_FORM, as_="mina", id=form["id"])
    again = draft(desk)
    assert (again["archived"], again["version"], again["in_force"]) == (False, 2, None)


def test_a_draft_is_seen_as_its_receiver_will_see_it(desk):
    form = draft(desk)
    visited = desk.call(
        contracts.PREVIEW_VERSION,
        as_="mina",
        id=form["id"],
        version=1,
        personalisation={"place": "روستای بالا"},
    )
    assert visited["body"] == "آب روستای بالا قطع است"
    assert (visited["encoding"], visited["parts"]) == ("ucs2", 1)
    assert visited["cost_rials"] > 0


@pytest.mark.parametrize("id_", ["x", "00000000-0000-0000-0000-000000000000"])
def test_a_template_that_there_is_not_is_not_found(desk, id_):
    for contract, more in (
        (contracts.READ_FORM, {}),
        (contracts.ARCHIVE_FORM, {}),
        (contracts.APPROVE_VERSION, {"version": 1}),
        (contracts.WITHDRAW_VERSION, {"version": 1}),
        (contracts.PREVIEW_VERSION, {"version": 1}),
    ):
        reply = desk.call(contract, as_="mina", id=id_, **more)
        assert code_of(reply) == "template.not_found", contract.name


# --- providers ---


@pytest.fixture
def providers(desk):
    execute(desk.db, "delete from providers")
    execute(
        desk.db,
        "insert into providers (code, channel, weight) values ('one', 'sms', 60), "
        "('two', 'sms', 40)",
    )
    return desk


def provider(reply, code):
    return next(item for item in reply["providers"] if item["code"] == code)


def test_a_provider_is_paused_by_name_and_used_again(providers):
    reply = providers.call(contracts.PAUSE_PROVIDER, as_="karim", code="one")
    assert provider(reply, "one")["paused_by"] == "karim"
    reply = providers.call(contracts.RESUME_PROVIDER, as_="karim", code="one")
    assert provider(reply, "one")["paused_by"] is None


def test_only_an_approver_changes_who_carries_how_much(providers):
    fields = {"code": "two", "weight": 5}
    refused = providers.call(contracts.WEIGH_PROVIDER, as_="karim", **fields)
    assert code_of(refused) == "notices.not_an_approver"
    reply = provider(providers.call(contracts.WEIGH_PROVIDER, as_="mina", **fields), "two")
    assert (reply["weight"], reply["weighed_by"]) == (5, "mina")


def test_a_weight_set_at_the_desk_outlives_the_start_of_a_process(providers):
    providers.call(contracts.WEIGH_PROVIDER, as_="mina", code="two", weight=5)
    set_up = [
        ChannelProvider("one", "sms", 70, 100, send=lambda parcels: []),
        ChannelProvider("two", "sms", 70, 100, send=lambda parcels: []),
    ]
    with providers.context() as context:
        states.keep(context, set_up)
    reply = providers.call(contracts.PROVIDERS, as_="karim")
    assert [provider(reply, code)["weight"] for code in ("one", "two")] == [70, 5]


def test_a_provider_that_there_is_not_is_not_found(providers):
    reply = providers.call(contracts.PAUSE_PROVIDER, as_="mina", code="three")
    assert code_of(reply) == "provider.not_found"


def test_the_share_is_of_the_last_hours_hand_overs(providers):
    providers.template()
    for _, code in zip(range(3), ("one", "one", "two"), strict=True):
        id_ = providers.send()["id"]
        execute(
            providers.db,
            "insert into handovers (message, channel, provider, state, reserved_at) "
            "values (%s, 'sms', %s, 'HANDED', %s)",
            (id_, code, providers.moment),
        )
    reply = providers.call(contracts.PROVIDERS, as_="karim")
    assert [provider(reply, code)["share"] for code in ("one", "two")] == [67, 33]
    providers.later(minutes=61)
    reply = providers.call(contracts.PROVIDERS, as_="karim")
    assert [provider(reply, code)["handed"] for code in ("one", "two")] == [0, 0]


# --- messages ---


@pytest.fixture
def sent(desk):
    desk.template()
    return desk.send(reference="case-12")["id"]


def find(desk, **fields):
    reply = desk.call(contracts.FIND_MESSAGES, as_="karim", **fields)
    return [message["id"] for message in reply["messages"]]


def test_messages_are_found_by_each_thing_that_is_known_of_them(desk, sent):
    day = desk.moment.date().isoformat()
    for fields in (
        {"mobile": "+98 990 000 0001"},
        {"id": sent},
        {"reference": "case-12"},
        {"owner": "power-co", "state": "CREATED"},
        {"day": day, "reference": "case-12"},
    ):
        assert find(desk, **fields) == [sent], fields
    for fields in (
        {"mobile": "09900000002"},
        {"email": "someone@mirab.example"},
        {"id": "x"},
        {"reference": "case"},
        {"state": "DELIVERED"},
        {"day": "2020-01-01"},
        {"before": sent},
    ):
        assert find(desk, **fields) == [], fields


def test_what_is_found_is_told_page_by_page_and_names_nobody(desk, sent):
    others = {desk.send()["id"] for _ in range(2)}
    first = desk.call(contracts.FIND_MESSAGES, as_="karim", limit=2)
    rest = find(desk, limit=2, before=first["next"])
    assert {m["id"] for m in first["messages"]} | set(rest) == {sent, *others}
    assert MOBILE not in str(first)
    assert "سلام" not in str(first)


def test_who_looks_at_a_message_says_why_and_it_is_written_down(desk, sent):
    whole = desk.call(contracts.REVEAL, as_="karim", id=sent, why="گیرنده زنگ زد")
    assert (whole["to"]["mobile"], whole["body"]) == ("+989900000001", "سلام")
    (look,) = desk.call(contracts.LOOKS, as_="mina")["looks"]
    assert (look["who"], look["why"]) == ("karim", "گیرنده زنگ زد")
    assert look["what"] == {"message": sent, "owner": "power-co"}


def test_a_search_by_somebodys_number_is_written_down_without_it(desk, sent):
    find(desk, mobile=MOBILE)
    find(desk, reference="case-12")
    (look,) = desk.call(contracts.LOOKS, as_="mina")["looks"]
    assert look["what"] == {"searched_by": "mobile", "found": 1}
    assert MOBILE not in str(look)


def test_a_look_at_a_message_that_there_is_not_leaves_no_trace(desk):
    reply = desk.call(contracts.REVEAL, as_="karim", id="x", why="کنجکاوی")
    assert code_of(reply) == "message.not_found"
    assert desk.call(contracts.LOOKS, as_="mina")["looks"] == []


def test_who_sees_the_first_rows_of_a_job_is_written_down_like_any_look(desk):
    job = str(uuid.uuid4())
    desk.call(
        bulk.SUBMIT_JOB,
        as_="karim",
        job=job,
        name="list",
        template="announcement",
        channels=["sms"],
        piece="phone number,state,title,when\n09900000001,a,b,c\n",
    )
    while checks.check(desk.store, desk.service.context):
        pass
    reply = desk.call(bulk.JOB_PREVIEW, as_="karim", job=job)
    assert reply["rows"][0]["to"]["mobile"] == "+989900000001"
    (look,) = desk.call(contracts.LOOKS, as_="mina")["looks"]
    assert (look["who"], look["why"], look["what"]) == ("karim", "job preview", {"job": job})


def test_looks_are_told_page_by_page(desk, sent):
    for item in ("نخست بود", "دوم بود", "سوم بود"):
        desk.call(contracts.REVEAL, as_="karim", id=sent, why=item)
    first = desk.call(contracts.LOOKS, as_="mina", limit=2)
    rest = desk.call(contracts.LOOKS, as_="mina", limit=2, before=first["next"])
    whys = [look["why"] for reply in (first, rest) for look in reply["looks"]]
    assert (whys, rest["next"]) == (["سوم بود", "دوم بود", "نخست بود"], None)


def test_who_opts_out_at_a_counter_gets_no_more_and_nobody_else_takes_it_back(desk, sent):
    reply = desk.call(
        contracts.OPT_OUT, as_="karim", mobile=MOBILE, consent="transactional", why="در دفتر گفت"
    )
    assert reply == {"channel": "sms", "consent": "transactional"}
    assert code_of(desk.send()) == "receiver.opted_out"


def test_figures_count_what_was_accepted_by_the_hour(desk, sent):
    desk.later(hours=1)
    desk.send()
    desk.send()
    hours = desk.call(contracts.FIGURES, as_="karim")["hours"]
    assert [hour["accepted"] for hour in hours] == [2, 1]
    assert hours[0]["states"] == {"CREATED": 2}
