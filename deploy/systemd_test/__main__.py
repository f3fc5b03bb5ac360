"""`python -m deploy.systemd_test`: install, boot, start all, walk, reboot, walk again.

`--installed` takes the tree of the last run as it is, without installing again.
"""

import argparse
import os
import re
import secrets
import shutil
import sys
import time

from bus.process.private import own_files_only
from deploy.compose_test import frame
from deploy.compose_test.engine import Failed
from deploy.compose_test.frame import COLLEAGUES, TWO_PEOPLE, Teller
from deploy.compose_test.place import HOSTS, Place
from deploy.local.antivirus import EICAR
from deploy.local.state import CHECKOUT
from deploy.systemd_test.machine import NAMESPACE, Machine

HOME = CHECKOUT / ".local/systemd-test"
NEEDED = ("debootstrap", "systemd-nspawn", "ip", "nsenter", "openssl")
SERVICES = ("inquiry", "ticketing", "billing", "notify", "agencies")
WALK = ("question", "ticket", "desk")
EDGE = {
    "HTTP_PORT": "80",
    "TLS_PORT": "443",
    "AGENCY_TLS_PORT": "8443",
    "AGENCY_TLS_VERSIONS": "TLSv1.3",
    "PUBLIC_FACE": "127.0.0.1:8000",
    "AGENCY_FACE": "127.0.0.1:8001",
    "NOTIFY_FACE": "127.0.0.1:8003",
    "DESK_FACE": "127.0.0.1:8004",
    **HOSTS,
}
START_SECONDS = 900.0
# Debian 12's systemd-run does not put a folder in the place of %d, as a unit's file has it.
WITH_CREDENTIALS = (
    "export DB_URL_FILE=$CREDENTIALS_DIRECTORY/db "
    'REGISTER_KEY_FILE=$CREDENTIALS_DIRECTORY/register.pem; exec "$@"'
)


class Test:
    """One run of the test."""

    def __init__(self) -> None:
        self.say = Teller()
        self.machine, self.place = Machine(HOME / "machine", self.say), Place(HOME)
        self._password, self._broker = secrets.token_urlsafe(24), secrets.token_urlsafe(24)

    # --- what docs/deploy.md has an operator do ---

    def settle(self) -> None:
        """Steps 1, 2, 4 and 5: settings, secrets, books, the edge's files."""
        self.place.prepare()
        etc, values_of_env = self.machine.folder / "etc/mirab", self.place.variables()
        text = (CHECKOUT / "deploy/systemd/mirab.env").read_text(encoding="utf-8")
        own = {
            "AGENCY_BASE_URL": f"https://{HOSTS['AGENCY_HOST']}:8443",
            "DESK_URL": f"https://{HOSTS['DESK_HOST']}/desk",
            "NOTIFY_API_URL": f"https://{HOSTS['NOTIFY_HOST']}",
            "PORTAL_URL": f"https://{HOSTS['PUBLIC_HOST']}",
            "REGISTER_PUBLIC_KEY": values_of_env["REGISTER_PUBLIC_KEY"],
        }
        for name, value in own.items():
            text = re.sub(rf"(?m)^{name}=.*$", f"{name}={value}", text)
        (etc / "mirab.env").write_text(text, encoding="utf-8")
        files = {"smtp-url": "smtp://outside.test:8026"}
        files["broker-api-url"] = f"http://mirab:{self._broker}@127.0.0.1:15672"
        files["agency-broker-api-url"] = f"http://mirab:{self._broker}@127.0.0.1:15673"
        for service in SERVICES:
            for role in (service, f"{service}_owner"):
                password = values_of_env[f"{role.upper()}_PASSWORD"]
                address = f"postgresql://{role}:{password}@127.0.0.1:5432/{service}"
                files[f"database/{role}"] = address
        shutil.rmtree(etc / "secrets", ignore_errors=True)
        shutil.copytree(self.place.folder / "secrets", etc / "secrets")
        passwords = self.machine.folder / "var/lib/mirab/passwords"
        shutil.rmtree(passwords / "broker", ignore_errors=True)
        shutil.move(etc / "secrets/broker", passwords)
        for name, value in files.items():
            file = etc / "secrets" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(value + "\n", encoding="utf-8")
        for book in ("desk", "treasury", "notices", "open311", "register"):
            shutil.copytree(self.place.folder / book, etc / book, dirs_exist_ok=True)
        shutil.copytree(self.place.folder / "edge-tls", etc / "tls", dirs_exist_ok=True)
        shutil.copytree(CHECKOUT / "deploy/edge/pages", etc / "pages", dirs_exist_ok=True)
        registry = self.machine.folder / "var/lib/mirab/imports/registry"
        shutil.copytree(CHECKOUT / "deploy/local/registry", registry, dirs_exist_ok=True)
        broker = self.machine.folder / "etc/rabbitmq"
        (broker / "conf.d").mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / "deploy/broker/rabbitmq.conf", broker / "conf.d/90-mirab.conf")
        shutil.copy(CHECKOUT / "deploy/broker/enabled_plugins", broker / "enabled_plugins")
        self._edge()
        self._scanner()
        self._rights()

    def _edge(self) -> None:
        template = CHECKOUT / "deploy/edge/templates/edge.conf.template"
        text = template.read_text(encoding="utf-8")
        for name, value in EDGE.items():
            text = text.replace(f"${{{name}}}", value)
        nginx = self.machine.folder / "etc/nginx"
        (nginx / "edge.conf").write_text(text, encoding="utf-8")
        conf = (CHECKOUT / "deploy/edge/nginx.conf").read_text(encoding="utf-8")
        conf = conf.replace("include /tmp/edge.conf", "include /etc/nginx/edge.conf")
        # As nginx.service of Debian wants it.
        conf = conf.replace("pid /tmp/nginx.pid", "pid /run/nginx.pid")
        (nginx / "nginx.conf").write_text(f"user www-data;\n{conf}", encoding="utf-8")

    def _scanner(self) -> None:
        """The socket of the documents, and one signature in place of freshclam's."""
        units, signatures = self.machine.folder / "etc/systemd/system", "var/lib/clamav/mirab.ndb"
        for kind, own in (("socket", "[Socket]\nListenStream=127.0.0.1:3310\n"), ("service", "")):
            folder = units / f"clamav-daemon.{kind}.d"
            folder.mkdir(exist_ok=True)
            text = f"[Unit]\nConditionPathExistsGlob=\n{own}"
            (folder / "mirab.conf").write_text(text, encoding="utf-8")
        signature = f"Eicar-Test-Signature:0:*:{EICAR}\n"
        (self.machine.folder / signatures).write_text(signature, encoding="ascii")
        (self.machine.folder / signatures).chmod(0o644)

    def _rights(self) -> None:
        """Books are read by the parts, secrets by systemd alone."""
        etc = self.machine.folder / "etc/mirab"
        for name in ("desk", "treasury", "notices", "open311", "register", "pages"):
            for path in (etc / name, *(etc / name).rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
        for path in (etc / "secrets", *(etc / "secrets").rglob("*")):
            os.chown(path, 0, 0)
            path.chmod(0o700 if path.is_dir() else 0o600)

    def stores(self) -> None:
        """Step 3, the broker's user and the stores' own services."""
        run, values_of_env = self.machine.run, self.place.variables()
        run("systemctl", "enable", "--now", "postgresql", "rabbitmq-server")
        run("chown", "-R", "mirab:mirab", "/var/lib/mirab/passwords", "/var/lib/mirab/imports")
        self.say("PostgreSQL and RabbitMQ run")
        run("rabbitmqctl", "await_startup")
        run("rabbitmqctl", "add_user", "mirab", self._broker)
        run("rabbitmqctl", "set_user_tags", "mirab", "administrator")
        run("rabbitmqctl", "set_permissions", "mirab", ".*", ".*", ".*")
        names = [name for name in values_of_env if name.endswith("_PASSWORD")]
        values = [f"{name}={values_of_env[name]}" for name in names]
        admin = ["POSTGRES_USER=postgres", "POSTGRES_DB=postgres"]
        script = "/opt/mirab/deploy/database/init.sh"
        run("runuser", "-u", "postgres", "--", "env", *values, *admin, "sh", script)
        self.say("roles and databases are made")

    def start(self) -> None:
        """Step 6: all units; Failed with the log of what does not run."""
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "enable", "--now", "mirab.target", "nginx", "clamav-daemon")
        self.wait_active()

    def wait_active(self) -> None:
        """Wait until every unit is active and stays so."""
        wanted = sorted(path.name for path in (CHECKOUT / "deploy/systemd/units").glob("*.service"))
        end, quiet_since = time.monotonic() + START_SECONDS, 0.0
        while time.monotonic() < end:
            lines = self.machine.run("systemctl", "is-active", *wanted, check=False).splitlines()
            states = dict(zip(wanted, lines, strict=False))
            waiting = {name: state for name, state in states.items() if state != "active"}
            if not waiting and len(states) == len(wanted):
                quiet_since = quiet_since or time.monotonic()
                if time.monotonic() - quiet_since > 10:  # noqa: PLR2004 - none restarts meanwhile
                    self.say(f"{len(wanted)} units are active")
                    return
            else:
                quiet_since = 0.0
            time.sleep(2)
        for name in waiting:
            print(self.machine.run("journalctl", "-n", "15", "-u", name, check=False))
        raise Failed(f"not active: {', '.join(waiting)}")

    def as_part(self, service: str, *words: str, text: str = "") -> str:
        """A command of operate.md, as docs/deploy.md says: with the credential of its database."""
        return self.machine.run(
            *("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--uid=mirab"),
            "--working-directory=/opt/mirab",
            *("-p", f"LoadCredential=db:/etc/mirab/secrets/database/{service}"),
            *("-p", "LoadCredential=register.pem:/etc/mirab/secrets/register.pem"),
            *("-p", "Environment=MIRAB_BY=systemd-test"),
            *("-p", "EnvironmentFile=/etc/mirab/mirab.env"),
            *("sh", "-c", WITH_CREDENTIALS, "sh", "/opt/mirab/.venv/bin/python", "-m", *words),
            text=text,
        )

    def fill(self) -> None:
        """Accounts, templates, the register, an export."""
        for name, (role, unit) in COLLEAGUES.items():
            put = ("services.ticketing.accounts.staff", "put", name, "--name", name)
            words = ("--role", role, "--unit", unit)
            self.as_part("ticketing", *put, *words, text=self._password + "\n")
        for name, role in (("karim", "clerk"), ("nader", "approver")):
            self.as_part("agencies", "services.agencies.officers", "put", name, "--role", role)
        self.as_part("agencies", "services.agencies.importing", "/etc/mirab/register", *TWO_PEOPLE)
        self.as_part("inquiry", "services.inquiry.load", "/var/lib/mirab/imports/registry")
        self.say("accounts, the register of agencies and a registry export are in")

    def walk(self) -> None:
        """Journeys through the edge, as somebody outside of the machine."""
        words = (self._password, "-", *WALK)
        frame.walk(self.say, NAMESPACE, self.place, HOME / "mailbox", words)

    def readiness(self) -> None:
        """What /health/ready says; only the agencies' broker, a second node, is not here."""
        token = (self.place.own / "metrics-token").read_text(encoding="utf-8").strip()
        bearer = f"Authorization: Bearer {token}"
        ready = "http://127.0.0.1:8002/health/ready"
        text = self.machine.run("curl", "-s", "-m", "20", "-H", bearer, ready)
        worse = re.findall(r'"([\w.-]+)":\[\{[^]]*"status":"(warn|fail)"', text)
        self.say(f"/health/ready: {worse or 'all pass'}")


def run(arguments: argparse.Namespace) -> None:
    """All of it. Failed with what went wrong."""
    HOME.mkdir(parents=True, exist_ok=True)
    test = Test()
    if not arguments.installed:
        test.machine.build()
    test.settle()
    try:
        test.machine.boot()
        test.stores()
        test.start()
        test.fill()
        test.readiness()
        test.walk()
        test.machine.halt()
        test.say("halted; booting again")
        test.machine.boot()
        test.wait_active()
        test.readiness()
        test.walk()
    finally:
        test.machine.halt()
        test.machine.remove_network()


def main(argv: list[str] | None = None) -> int:
    """0: it runs as the documents say; 1: it does not, and stderr says where."""
    parser = argparse.ArgumentParser(prog="python -m deploy.systemd_test", description=__doc__)
    parser.add_argument("--installed", action="store_true", help="take the tree as it is")
    return frame.command("systemd test", parser, argv, NEEDED, run)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
