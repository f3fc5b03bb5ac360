"""An e-mail of notify comes back through our own mail server, over broker and relays, and the
message says so; a forged report comes back to the desk.
"""

import smtplib

from bus.foreign import return_path
from contracts.notify.subscriptions import SUBSCRIBE
from tests.bus.asking import ask
from tests.notify.reports.post import VECTORS
from tests.stacks import Desk
from tests.stores import execute
from tests.waiting import wait_for

RETURNS, READER = "returns@mail.mirab.example", "reader@mirab.example"


class DeskWithReturns(Desk):
    """A desk whose mail server takes what comes back."""

    def begin_letters(self):
        self.environ["NOTIFY_RETURN_ADDRESS"] = RETURNS
        super().begin_letters()

    def report(self, token):
        """A report in qmail's form about the e-mail to the reader, as from a mail server."""
        head = self.letters(READER)[0].as_bytes().partition(b"\n\n")[0].decode()
        address = return_path.address(RETURNS, token)
        raw = (VECTORS / "qmail.eml").read_text(encoding="utf-8")
        raw = raw.replace("@RETURN_PATH@", address).replace("@RECIPIENT@", READER)
        lines = [line for line in head.splitlines() if not line.startswith("X-Mirab-Return")]
        raw = raw.replace("@ORIGINAL_HEAD@", "\n".join(lines))
        with smtplib.SMTP("127.0.0.1", self.mail_port, timeout=20) as server:
            assert server.sendmail("", address, raw.encode()) == {}

    def filed(self):
        return execute(self.db, "select state, reason from letters order by id")


def test_what_comes_back_ends_its_message_and_what_is_forged_waits_at_the_desk(
    start, tmp_path, vhost, postgres, new_database, ticketing_template, notify_db
):
    desk = DeskWithReturns(start, tmp_path, vhost, postgres, new_database(ticketing_template))
    providers = tmp_path / "providers.toml"
    providers.write_text("", encoding="utf-8")
    try:
        environ = {
            **desk.environ,
            "DB_URL": notify_db,
            "NOTIFY_PROVIDERS_FILE": str(providers),
        }
        service = start("bus", "serve", "services.notify", **environ)
        start("bus", "relay", "services.notify", **environ)
        wait_for(lambda: "mirab.notify.requests" in service.log, 60)
        ask(vhost, SUBSCRIBE, caller={"face": "public"}, email=READER)
        (email,) = wait_for(lambda: desk.letters(READER), 60)
        token = return_path.token_of(email[return_path.HEADER])
        desk.report(token._replace(proof="0" * return_path.PROOF_LETTERS))
        wait_for(lambda: desk.filed() == [("BOUNCE", "forged_token")], 60)
        assert states(notify_db) == [("SENT", "")]
        desk.report(token)
        wait_for(lambda: states(notify_db) == [("REJECTED", "5.1.1")], 60)
        wait_for(lambda: desk.filed()[-1] == ("DONE", "handed_on"), 60)
    finally:
        desk.end()


def states(db):
    return execute(db, "select state, code from messages")
