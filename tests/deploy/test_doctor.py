"""The doctor names what is wrong with an installation, and what to do; what is right it leaves."""

import datetime as dt
import json
from pathlib import Path

import pika
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bus.process.monitor import WELL, fail
from deploy.doctor import __main__ as doctor
from deploy.doctor import brokers, clocks, databases, dates, files, programs, running, variables
from deploy.doctor.advice import well
from deploy.doctor.installation import Installation
from deploy.local.ports import free_port
from gateway.ops.health.parts import PartAnswer
from members.documents import today
from tests.processes import ROOT, run_modules
from tests.stores import as_owner, execute
from tests.waiting import wait_for

GOOD_SECRET = "t0b4nN7qkJx2vR9sLwE5"
PUBLIC = {"PORTAL_URL": "https://water.example.ir"}


def sentences(look, installation, status="fail"):
    """The sentences of one status that a look yields."""
    findings = list(look(installation))
    assert all(advice.todo for advice in findings if advice.status != "pass")
    return [advice.sentence for advice in findings if advice.status == status]


def of(**environ):
    return Installation({"public": environ})


# --- settings ---


def test_a_part_that_lacks_what_it_needs_is_named_with_the_variable():
    (sentence,) = sentences(
        variables.look, Installation.of_part("inquiry", {"AMQP_URL": "amqp://x@y/%2F"})
    )
    lacking = "AGENCIES_DIR, DB_URL, IMPORT_DIR, INQUIRY_LOG_KEY, PORTAL_URL, SIGNING_KEY"
    assert sentence == f"inquiry: not set: {lacking}."


def test_a_secret_in_a_file_or_in_its_own_variable_is_one_that_is_set(tmp_path):
    key = tmp_path / "key"
    key.write_text(GOOD_SECRET)
    for variables_of in ({"TICKETING_KEY": GOOD_SECRET}, {"TICKETING_KEY_FILE": str(key)}):
        (sentence,) = sentences(variables.look, Installation.of_part("ticketing", variables_of))
        assert "TICKETING_KEY" not in sentence


@pytest.mark.parametrize("secret", ["change-me", "short"])
def test_a_secret_that_others_can_guess_is_wrong_where_others_come_and_is_not_shown(secret):
    (sentence,) = (
        s for s in sentences(variables.look, of(PORTAL_KEY=secret, **PUBLIC)) if "KEY is" in s
    )
    assert "PORTAL_KEY is the value of the example" in sentence
    assert "short" not in sentence.replace("shorter", "")
    assert not any(
        "KEY is" in s for s in sentences(variables.look, of(PORTAL_KEY=GOOD_SECRET, **PUBLIC))
    )


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SANDBOX": "1"}, "SANDBOX=1 while others reach us"),
        ({"CALLBACKS_SANDBOX": "1"}, "CALLBACKS_SANDBOX=1 while others reach us"),
        ({"FORWARD_SANDBOX": "1"}, "FORWARD_SANDBOX=1 while others reach us"),
        ({"DESK_URL": "http://desk.example.ir/desk"}, "is not encrypted"),
        ({"DB_URL": "postgresql://inquiry:change-me@db/inquiry"}, "has the example's password"),
    ],
)
def test_what_is_right_for_a_sandbox_alone_is_wrong_where_others_come(environ, words):
    assert any(words in sentence for sentence in sentences(variables.look, of(**environ, **PUBLIC)))


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SMTP_URL": "smtp://mail.example.ir:25"}, "without encryption"),
        ({"SMTP_URL": "smtps://mail.example.ir"}, "Nobody learns which e-mails"),
        ({"LOG_LEVEL": "DEBUG"}, "LOG_LEVEL is DEBUG"),
        ({"AMQP_URL": "amqp://mirab.desk@mq.example.ir/%2F"}, "AMQP_URL reaches at mq.example.ir"),
        ({"DB_URL": "postgresql://x@db.example.ir/x?sslmode=require"}, "not proven by a certif"),
        ({"SECOND_FACTOR": ""}, "asks for a second factor"),
        ({"METRICS_ADDRESS": "0.0.0.0:9100"}, "METRICS_ADDRESS is open"),
    ],
)
def test_what_is_not_careful_is_to_be_looked_at(environ, words):
    findings = sentences(variables.look, of(**environ, **PUBLIC), "warn")
    assert any(words in sentence for sentence in findings)


def test_stores_here_in_the_containers_network_or_proven_by_a_certificate_are_right():
    for environ in (
        {"AMQP_URL": "amqp://x@rabbitmq:5672/%2F", "DB_URL": "postgresql://x@postgres/x"},
        {"AMQP_URL": "amqp://x@127.0.0.1/%2F", "DB_URL": "postgresql://x@127.0.0.1/x"},
        {
            "AMQP_URL": "amqps://x@mq.example.ir/%2F",
            "DB_URL": "postgresql://x@db.example.ir/x?sslmode=verify-full",
        },
    ):
        findings = sentences(variables.look, of(**environ, **PUBLIC), "warn")
        assert not any("proven by a certificate" in sentence for sentence in findings)


def test_two_parts_with_two_addresses_of_one_face_are_told():
    parts = {
        "public": {"PORTAL_URL": "https://water.example.ir"},
        "ticketing": {"PORTAL_URL": "https://www.water.example.ir"},
    }
    assert any("2 values" in s for s in sentences(variables.look, Installation(parts)))


# --- files ---


def test_a_secret_that_others_may_read_or_that_is_empty_or_away_is_wrong(tmp_path):
    open_file, empty = tmp_path / "open", tmp_path / "empty"
    open_file.write_text(GOOD_SECRET)
    open_file.chmod(0o644)
    empty.touch(0o600)
    findings = sentences(
        files.look,
        of(
            DESK_KEY_FILE=str(open_file),
            PORTAL_KEY_FILE=str(empty),
            NOTIFY_KEY_FILE=str(tmp_path / "none"),
        ),
    )
    assert findings == [
        f"DESK_KEY_FILE: others than its owner may read {open_file}.",
        f"NOTIFY_KEY_FILE: {tmp_path / 'none'} cannot be read (No such file or directory).",
        f"PORTAL_KEY_FILE: {empty} is empty.",
    ]


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path):
    (sentence,) = sentences(files.look, of(BLOBS_DIR=str(tmp_path / "none")))
    assert sentence.startswith("BLOBS_DIR:")
    assert "cannot be written" in sentence
    assert sentences(files.look, of(BLOBS_DIR=str(tmp_path))) == []


def test_numbers_that_lie_on_the_disk_that_a_backup_restores_are_told(tmp_path):
    findings = sentences(
        files.look, of(BLOBS_DIR=str(tmp_path), MARKS_DIR=str(tmp_path), **PUBLIC), "warn"
    )
    assert any("MARKS_DIR" in sentence for sentence in findings)


def test_before_the_first_backup_a_sandbox_is_well_and_a_public_installation_is_told(tmp_path):
    last = {"LAST_BACKUP_FILE": str(tmp_path / "last-backup.json")}
    assert sentences(files.look, of(**last)) == []
    (sentence,) = sentences(files.look, of(**last, **PUBLIC), "warn")
    assert sentence.startswith("LAST_BACKUP_FILE:")
    (tmp_path / "last-backup.json").write_text("{}", encoding="utf-8")
    assert sentences(files.look, of(**last, **PUBLIC), "warn") == []


# --- databases ---


def of_database(url):
    return Installation({"inquiry": {"DB_URL": url}}, {"inquiry": as_owner(url)})


def test_a_database_that_is_as_it_should_be_is_well(inquiry_db):
    assert list(databases.look(of_database(inquiry_db))) == [
        well("databases", "inquiry: reached, writable and at the newest form.")
    ]


def test_a_database_that_was_not_migrated_is_wrong_and_the_command_is_told(inquiry_db):
    execute(inquiry_db, "update alembic_version set version_num = '0001'")
    (advice,) = databases.look(of_database(inquiry_db))
    assert "form 0001, and the newest is" in advice.sentence
    assert "make migrate SERVICE=inquiry" in advice.todo


def test_a_database_that_cannot_be_written_is_wrong(inquiry_db):
    name = inquiry_db.rpartition("/")[2]
    execute(inquiry_db, f"alter database {name} set default_transaction_read_only = on")
    (sentence,) = sentences(databases.look, of_database(inquiry_db))
    assert "read-only; nothing can be written" in sentence


def test_a_database_that_is_away_is_wrong_and_its_password_is_not_shown():
    url = f"postgresql://inquiry:hidden-word@127.0.0.1:{free_port()}/inquiry"
    (sentence,) = sentences(databases.look, of_database(url))
    assert "does not let us in" in sentence
    assert "hidden-word" not in sentence


def test_a_service_that_comes_as_a_superuser_is_told(inquiry_db):
    url = as_owner(inquiry_db)
    (sentence,) = sentences(
        databases.look, Installation({"inquiry": {"DB_URL": url}}, {"inquiry": url}), "warn"
    )
    assert "comes as postgres, who may do everything" in sentence


def test_an_archive_of_backups_that_nobody_writes_is_wrong(own_postgres):
    url = own_postgres.url("postgres")
    execute(url, "select pg_create_physical_replication_slot('mirab_backup', true)")
    findings = sentences(databases.look, Installation({}, {"inquiry": url}))
    assert any("archive of backups" in sentence for sentence in findings)


# --- brokers ---


@pytest.fixture
def of_broker(broker, vhost):
    return Installation({"inquiry": {"AMQP_URL": vhost}}, brokers={"rabbitmq": broker.api_url})


def declare(url, *names):
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for name in names:
            channel.queue_declare(name)
            channel.basic_publish("", name, b"{}")


def test_a_queue_that_nobody_reads_is_wrong_and_an_agencys_own_is_not(
    of_broker, vhost, monkeypatch
):
    monkeypatch.setattr(brokers, "AGAIN_SECONDS", 0.0)
    declare(vhost, "mirab.inquiry.requests", "agency.power-co.events")
    monkeypatch.setattr(brokers, "LOOKS", 1)
    (sentence,) = sentences(brokers.look, of_broker)
    assert "mirab.inquiry.requests is read by nobody" in sentence


def test_a_queue_without_a_leader_is_wrong_whoever_it_belongs_to(monkeypatch):
    # As RabbitMQ 3.10 tells of one that it began anew: a leader is named, and nobody counts.
    mute = {"name": "agency.power-co.events", "type": "quorum", "leader": "mirab@localhost"}
    answers = {"queues": [mute, mute | {"name": "agency.fuel-co.events", "messages": 0}]}
    monkeypatch.setattr(brokers.Api, "get", lambda _, *path: answers.get(path[0], []))
    monkeypatch.setattr(brokers, "AGAIN_SECONDS", 0.0)
    (sentence,) = sentences(brokers.look, Installation({}, brokers={"rabbitmq": "http://a:b@c"}))
    assert "agency.power-co.events tells nothing of itself: it has no leader" in sentence


def test_dead_letters_are_told(of_broker, vhost, broker):
    declare(vhost, "mirab.inquiry.dead")
    waiting = f"{broker.api_url}/api/queues/{vhost.rpartition('/')[2]}/mirab.inquiry.dead"
    wait_for(lambda: requests.get(waiting, timeout=5).json().get("messages") == 1, 15)
    findings = sentences(brokers.look, of_broker, "warn")
    assert any("mirab.inquiry.dead holds 1 dead letters" in sentence for sentence in findings)


def test_rights_at_the_broker_that_are_not_this_releases_are_told(vhost, broker, tmp_path):
    environ = {"AMQP_URL": vhost, "BROKER_PASSWORDS_DIR": str(tmp_path)}
    made = Installation({"agency-rights": environ}, brokers={"rabbitmq": broker.api_url})
    findings = sentences(brokers.look, made, "warn")
    assert any("not as this release gives them" in sentence for sentence in findings)
    (tmp_path / "inquiry").mkdir()  # no file: it cannot be read
    findings = sentences(brokers.look, made, "warn")
    assert any("cannot be read" in sentence for sentence in findings)


def test_a_guest_at_the_broker_is_told(of_broker):
    assert any("guest" in sentence for sentence in sentences(brokers.look, of_broker, "warn"))


def test_a_broker_that_is_away_is_wrong_and_one_that_was_not_named_cannot_be_known():
    away = Installation({}, brokers={"rabbitmq": f"http://a:b@127.0.0.1:{free_port()}"})
    assert "does not answer" in sentences(brokers.look, away)[0]
    assert "cannot be known" in sentences(brokers.look, Installation({}), "warn")[0]


# --- dates ---


def authority(folder, days):
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Our CA")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=400))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = folder / "ca.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return of(CALLBACKS_CA_FILE=str(path))


@pytest.mark.parametrize(("days", "status"), [(-1, "fail"), (20, "warn"), (90, "pass")])
def test_a_certificate_that_ended_is_wrong_and_one_that_ends_soon_is_told(tmp_path, days, status):
    of_callbacks = authority(tmp_path, days)
    (path,) = of_callbacks.values("CALLBACKS_CA_FILE")
    of_database = Installation({}, {"inquiry": f"postgresql://u@db/x?sslrootcert={path}"})
    of_stamps = of(RECEIPTS_STAMPS_CA=Path(path).read_text())
    for installation in (of_callbacks, of(AMQP_CA_FILE=path), of_database, of_stamps):
        assert len(sentences(dates.look, installation, status)) == 1


def test_a_clock_that_no_time_server_sets_is_told_where_others_reckon_with_it(monkeypatch):
    assert len(sentences(clocks.look, of(), "pass")) == 1
    for state, status in ((clocks.UNSET, "warn"), (None, "warn"), (0, "pass")):
        monkeypatch.setattr(clocks, "kernel_state", lambda state=state: state)
        assert len(sentences(clocks.look, of(**PUBLIC), status)) == 1


def test_keys_of_agencies_that_end_are_told_by_name(tmp_path):
    text = (ROOT / "deploy/agencies/power-co.toml").read_text(encoding="utf-8")
    ended = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3)
    lines = [
        f"until = {ended.isoformat()}" if line.startswith("until") else line
        for line in text.splitlines()
    ]
    (tmp_path / "power-co.toml").write_text("\n".join(lines), encoding="utf-8")
    findings = sentences(dates.look, of(AGENCIES_DIR=str(tmp_path)))
    assert any("power-co" in sentence and str(ended) in sentence for sentence in findings)


def test_exceptions_of_oauth_clients_are_told_with_their_end(tmp_path):
    text = (ROOT / "deploy/agencies/power-co.toml").read_text(encoding="utf-8")
    day = today()
    for allows, days in (("rs256", 10), ("no_key_id", 90), ("long_assertion", -1)):
        until = (day + dt.timedelta(days=days)).isoformat()
        text += f'[[exceptions]]\nallows = "{allows}"\nuntil = {until}\nbasis = "Their client"\n'
    (tmp_path / "power-co.toml").write_text(text, encoding="utf-8")
    look = of(AGENCIES_DIR=str(tmp_path))
    soon = [s for s in sentences(dates.look, look, "warn") if "exception" in s]
    assert len(soon) == 1
    assert "rs256 of power-co (Their client)" in soon[0]
    assert any("no_key_id" in sentence for sentence in sentences(dates.look, look, "pass"))
    assert not any("long_assertion" in sentence for sentence in sentences(dates.look, look))


# --- versions and parts ---


def test_packages_that_are_not_the_locks_are_named():
    assert programs.differing("pika==0.0.1 \\\n  --hash=x\nno-such-package==1.0\n") == [
        f"pika is {pika.__version__} (locked: 0.0.1)",
        "no-such-package is missing (locked: 1.0)",
    ]
    assert programs.differing('no-such-package==1.0 ; sys_platform == "win32"\n') == []


def test_a_part_that_does_not_run_is_wrong():
    (sentence,) = sentences(running.look, of(METRICS_ADDRESS=f"127.0.0.1:{free_port()}"))
    assert "does not run" in sentence


def test_one_cause_is_told_once_with_all_that_have_it_and_its_place_in_the_runbook(monkeypatch):
    async def ask(part):
        away = fail("broker.unreachable", f"The queue of {part.name} is not consumed.")
        checks = {f"queue-{n}": away for n in range(5)} | {"database": WELL}
        return PartAnswer(part.name, away, checks)

    monkeypatch.setattr(running, "ask_part", ask)
    parts = {name: {"METRICS_ADDRESS": "127.0.0.1:1"} for name in ("billing", "notify")}
    (advice,) = running.look(Installation(parts))
    assert advice.sentence.startswith("billing.queue-0, ")
    assert " and 4 more: The queue of billing is not consumed." in advice.sentence
    assert "BrokerDown" in advice.todo


# --- the command ---


def test_a_look_that_fails_hides_no_other(monkeypatch):
    def breaks(_):
        yield well("files", "one")
        raise ZeroDivisionError

    monkeypatch.setattr(doctor, "LOOKS", {"files": breaks, "settings": variables.look})
    findings = list(doctor.examine(of()))
    assert [advice.status for advice in findings[:2]] == ["pass", "fail"]
    assert "ZeroDivisionError" in findings[1].sentence
    assert findings[2].area == "settings"
    assert doctor.as_text(findings).startswith("WRONG  files:")
    assert json.loads(doctor.as_json(findings))[1]["todo"]


def test_on_a_server_it_looks_at_the_part_that_is_named(inquiry_db):
    environ = {"DB_URL": inquiry_db, "AMQP_URL": "amqp://x@127.0.0.1:1/%2F"}
    done = run_modules(("deploy.doctor", "inquiry", "--json"), **environ)
    assert done.returncode == 1
    findings = {(advice["area"], advice["status"]) for advice in json.loads(done.stdout)}
    assert ("databases", "pass") in findings
    assert ("settings", "fail") in findings
