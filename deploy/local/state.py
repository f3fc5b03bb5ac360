"""Where a checkout keeps what it made: data, logs, secrets; and the environment of each part."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bus.topology import agency_vhost
from deploy import keys
from deploy.local.parts import (
    AGENCY_DIST_PORT,
    AGENCY_EPMD_PORT,
    AGENCY_RABBITMQ_API_PORT,
    AGENCY_RABBITMQ_PORT,
    ALONE,
    BANK_PORT,
    CLAMD_PORT,
    DEFAULTS,
    DIST_PORT,
    EPMD_PORT,
    MAILBOX_PORT,
    OUTSIDE,
    POSTGRES_PORT,
    RABBITMQ_API_PORT,
    RABBITMQ_PORT,
    SMS_PORT,
    Part,
    instances,
    metrics_port,
    watched_parts,
)
from deploy.local.postgres import LAST_BACKUP
from deploy.local.programs import pass_through
from deploy.local.stores import Postgres, RabbitMQ
from people.company import NAMES, company

AMQP_PORT = 5672  # of a broker that somebody else runs
PORTAL_URL = "http://127.0.0.1:8000"
AGENCY_URL = "http://127.0.0.1:8001"
# By which names the faces are reached, and whom they believe: nobody stands before them here. And
# what is right for a demo alone.
FACES = {
    "HOST": "127.0.0.1",
    "ALLOWED_HOSTS": "",
    "TRUSTED_PROXIES": "127.0.0.1",
    "CLIENT_CERT_HEADER": "",
    "XROAD_INSTANCE": "MIRAB",
    "XROAD_MEMBER": "GOV/WATER",
    "XROAD_SERVER": "mirab",
    "XROAD_ERRORS": "7.8",
    "AGENCY_BASE_URL": AGENCY_URL,
    "AGENCY_URL": AGENCY_URL,
    "NOTIFY_API_URL": "http://127.0.0.1:8003",
    "PORTAL_URL": PORTAL_URL,
    "DESK_URL": "http://127.0.0.1:8004/desk",
    **dict.fromkeys(("SANDBOX", "CALLBACKS_SANDBOX", "FORWARD_SANDBOX", "HOLIDAYS_SANDBOX"), "1"),
    "OPEN311_TYPE": "test",
    "RECEIPTS_ORIGIN": "mirab.localhost/receipts",
}
CHECKOUT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class State:
    """The folder of one checkout's state, and what of the environment was given from outside."""

    home: Path
    environment: Mapping[str, str]

    @classmethod
    def of_checkout(cls) -> "State":
        """For root below /var/lib, since PostgreSQL runs as another user, who cannot look into
        root's folders; else in the checkout itself.
        """
        if os.geteuid() == 0:
            mark = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:10]
            home = Path("/var/lib/mirab") / mark
            # Root's PostgreSQL, another user, must pass through; others look at nothing here.
            pass_through(home.parent)
            pass_through(home)
        else:
            home = CHECKOUT / ".local"
            home.mkdir(parents=True, exist_ok=True)
            home.chmod(0o700)
        return cls(home, dict(os.environ))

    @property
    def postgres(self) -> Postgres | None:
        """The private PostgreSQL, unless DB_URL names another."""
        return (
            None
            if self.environment.get("DB_URL")
            else Postgres(self.home / "postgres", POSTGRES_PORT)
        )

    @property
    def rabbitmq(self) -> RabbitMQ | None:
        """The private RabbitMQ, unless AMQP_URL names another."""
        if self.environment.get("AMQP_URL"):
            return None
        return RabbitMQ(
            self.home / "rabbitmq",
            RABBITMQ_PORT,
            DIST_PORT,
            EPMD_PORT,
            RABBITMQ_API_PORT,
            password=self.secret("broker-admin").read_text(encoding="utf-8"),
        )

    @property
    def agency_rabbitmq(self) -> RabbitMQ | None:
        """The private broker of agencies, unless AMQP_URL names another for our own parts."""
        if self.environment.get("AMQP_URL"):
            return None
        return RabbitMQ(
            self.home / "agency-rabbitmq",
            AGENCY_RABBITMQ_PORT,
            AGENCY_DIST_PORT,
            AGENCY_EPMD_PORT,
            AGENCY_RABBITMQ_API_PORT,
            password=self.secret("agency-broker-admin").read_text(encoding="utf-8"),
            for_agencies=True,
        )

    @property
    def brokers(self) -> list[RabbitMQ]:
        """Both private brokers, or none."""
        return [broker for broker in (self.rabbitmq, self.agency_rabbitmq) if broker]

    @property
    def agency_broker_api_url(self) -> str | None:
        """The agencies' broker's management API; None if its broker was not named."""
        broker = self.agency_rabbitmq
        return broker.api_url if broker else self.environment.get("AGENCY_BROKER_API_URL")

    @property
    def keeps_brokers(self) -> bool:
        """True if users and rights at the brokers are ours to keep in line."""
        return bool(self.broker_api_url and self.agency_broker_api_url)

    @property
    def broker_api_url(self) -> str | None:
        """The broker's management API; None for a named broker whose API was not named."""
        return self.rabbitmq.api_url if self.rabbitmq else self.environment.get("BROKER_API_URL")

    @property
    def scale(self) -> int:
        """How many processes of each part run (SCALE)."""
        return max(1, int(self.environment.get("SCALE") or "1"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """All processes of Mirab's own parts."""
        return instances(self.scale)

    @property
    def supervisor_config(self) -> Path:
        return self.home / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        return self.home / "supervisor.sock"

    @property
    def unfinished(self) -> Path:
        """The mark of a start that has not come to its end."""
        return self.home / "unfinished"

    @property
    def filled(self) -> Path:
        """The mark of what a start has put into databases and brokers; it is empty while that is to
        be looked at anew, and is not there before something was put there.
        """
        return self.home / "filled.json"

    @property
    def timings(self) -> Path:
        """How long each step of the last start took."""
        return self.logs / "start.txt"

    @property
    def clamd_home(self) -> Path:
        return self.home / "clamd"

    @property
    def logs(self) -> Path:
        return self.folder("logs")

    def folder(self, name: str) -> Path:
        """A folder of the state, made once."""
        made = self.home / name
        made.mkdir(exist_ok=True)
        return made

    def secret(self, name: str) -> Path:
        """A file with a random secret, made once, that only its owner can read."""
        path = self.home / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return path

    def own_key(self, name: str) -> Path:
        """The file of a service's key. Only for a fresh installation it is made: where it is lost,
        another one would open nothing of what is there, and its part says so.
        """
        return self.home / name if self.filled.exists() else self.secret(name)

    def private_key(self, name: str) -> Path:
        """The file of a private key, likewise: whoever holds what the lost one signed believes no
        other one.
        """
        path = self.home / name
        return path if self.filled.exists() else keys.private_key(path)

    def register_public_key(self) -> str:
        """The public half of the register's key, by which its copies are believed."""
        return keys.public_key(self.private_key("register.pem"))

    def receipt_keys(self) -> dict[str, str]:
        """The key that signs heads of the log of receipts, and by which they are believed."""
        key = self.private_key("receipts.pem")
        public = keys.key_of_receipts(key, FACES["RECEIPTS_ORIGIN"])
        return {"RECEIPTS_KEY_FILE": str(key), "RECEIPT_KEYS": public}

    def owner_url(self, context: str) -> str:
        """The address by which migrations are run: as the owner, which no service is."""
        return self.named_url(context) or self.postgres.url(context)  # type: ignore[union-attr]

    def service_url(self, context: str) -> str:
        """The address by which a service reaches its database: as the role named like itself."""
        return self.named_url(context) or self.postgres.url(context, context)  # type: ignore[union-attr]

    def named_url(self, context: str) -> str | None:
        """DB_URL is the inquiry's database; the others lie beside it, named like the service."""
        url = self.environment.get("DB_URL")
        if url is None or context == "inquiry":
            return url
        return urlsplit(url)._replace(path=f"/{context}").geturl()

    def receipts_address(self, provider: str, *, received: bool = False) -> str:
        """Where the played provider tells that it knows more of a message, or brings texts."""
        from bus.settings import Settings
        from gateway.public.sms_receipts import address_of

        settings = {"PORTAL_URL": PORTAL_URL, "PORTAL_KEY_FILE": str(self.secret("portal-key"))}
        return address_of(Settings(settings), provider, received=received)

    def broker_environ(self) -> dict[str, str]:
        """The brokers as their administrator reaches them, and where passwords are."""
        return {
            "AMQP_URL": self.environment.get("AMQP_URL") or self.rabbitmq.url,  # type: ignore[union-attr]
            "BROKER_API_URL": self.broker_api_url or "",
            "AGENCY_BROKER_API_URL": self.agency_broker_api_url or "",
            "AGENCY_PASSWORDS_DIR": str(self.home / "agency-passwords"),
            "BROKER_PASSWORDS_DIR": str(self.home / "broker-passwords"),
        }

    def environ(self) -> dict[str, str]:
        """The value of every variable that a part may need."""
        imports, blobs, mailbox, replays, agencies, marks = map(
            self.folder, ("imports", "blobs", "mailbox", "replays", "agencies", "marks")
        )
        return {
            **self.broker_environ(),
            **self.receipt_keys(),
            "DB_URL": self.service_url("inquiry"),
            "LOG_LEVEL": self.environment.get("LOG_LEVEL", "INFO"),
            **FACES,
            "AGENCIES_DIR": str(agencies),
            "REGISTER_PUBLIC_KEY": self.register_public_key(),
            "HEARD_FILE": str(self.home / "land-registry-heard"),
            "MIRAB_URL": AGENCY_URL,
            "MIRAB_KEY_FILE": str(CHECKOUT / "deploy/local/demo_keys/land-registry.pem"),
            "MIRAB_KEY_ID": "land-registry-demo",
            "SIGNING_KEY_FILE": str(self.private_key("signing.pem")),
            "REPLAY_DIR": str(replays),
            "MARKS_DIR": str(marks),
            "OPS_KEY_FILE": str(CHECKOUT / "deploy/local/demo_keys/mirab-ops.pem"),
            "INQUIRY_LOG_KEY_FILE": str(self.own_key("inquiry-log-key")),
            "IMPORT_DIR": str(imports),
            "TICKETING_KEY_FILE": str(self.own_key("ticketing-key")),
            "PORTAL_KEY_FILE": str(self.secret("portal-key")),
            "DESK_KEY_FILE": str(self.secret("desk-key")),
            "METRICS_TOKEN_FILE": str(self.secret("metrics-token")),
            "SECOND_FACTOR": "",
            "BILLING_KEY_FILE": str(self.own_key("billing-key")),
            "AGENCIES_KEY_FILE": str(self.own_key("agencies-key")),
            "REGISTER_KEY_FILE": str(self.private_key("register.pem")),
            "NOTIFY_KEY_FILE": str(self.own_key("notify-key")),
            "NOTIFY_PROVIDERS_FILE": str(CHECKOUT / "deploy/notify/providers.toml"),
            "PSPS_FILE": str(CHECKOUT / "deploy/billing/psps.toml"),
            "BANK_PORT": str(BANK_PORT),
            "SMS_PORT": str(SMS_PORT),
            "SMS_CALLBACK_URL": self.receipts_address("kavenegar"),
            "SMS_RECEIVED_URL": self.receipts_address("kavenegar", received=True),
            "BLOBS_DIR": str(blobs),
            "LAST_BACKUP_FILE": str(self.home / LAST_BACKUP),
            "CLAMD_ADDRESS": f"tcp://127.0.0.1:{CLAMD_PORT}",
            "SMTP_URL": f"smtp://127.0.0.1:{MAILBOX_PORT}",
            "MAIL_PORT": "8025",
            "MAILBOX_DIR": str(mailbox),
            "MAILBOX_PORT": str(MAILBOX_PORT),
            "OPEN311_KEYS_FILE": str(CHECKOUT / "deploy/open311/keys.toml"),
            "FORWARD_CITIES_FILE": str(CHECKOUT / "deploy/cities/cities.toml"),
            **{name: self.environment.get(name, most) for name, most in DEFAULTS.items()},
        }

    def broker_of(self, part: Part) -> dict[str, str]:
        """How a part reaches its broker: as a user of its own; a played agency its own vhost. At a
        named broker whose users are not ours all parts are who AMQP_URL says.
        """
        if part in OUTSIDE:
            host = urlsplit(self.agency_broker_api_url or "").hostname
            port = AGENCY_RABBITMQ_PORT if self.agency_rabbitmq else AMQP_PORT
            return {
                "AMQP_URL": f"amqp://{host}:{port}/{agency_vhost(part.name)}",
                "AMQP_PASSWORD_FILE": str(self.secret(f"agency-passwords/{part.name}")),
            }
        url = self.environ()["AMQP_URL"]
        if not self.keeps_brokers or part.kind in ALONE:
            return {"AMQP_URL": url, "AMQP_PASSWORD_FILE": ""}
        address = urlsplit(url)
        host = address.netloc.rsplit("@", 1)[-1]
        return {
            "AMQP_URL": address._replace(netloc=f"mirab.{part.kind}@{host}").geturl(),
            "AMQP_PASSWORD_FILE": str(self.secret(f"broker-passwords/{part.kind}")),
        }

    def environ_of(self, part: Part) -> dict[str, str]:
        """What one part gets: the variables that it needs and no other."""
        values = {
            **self.environ(),
            **{f"COMPANY_{language.upper()}": company(language) for language in NAMES},
            "WATCHED_PARTS": watched_parts(self.parts),
            "METRICS_ADDRESS": f"127.0.0.1:{metrics_port(part)}" if part not in OUTSIDE else "",
            "PORT": str(part.port),
            "MAIL_PORT": str(part.port),
            # Each further face has a book of its own, as on a machine of its own.
            "REPLAY_DIR": str(self.folder("replays" + f"-{part.number}" * (part.number > 1))),
            "REPLAYS_SHARED": str(int(self.scale > 1)),
            "AGENCY_FACES": str(self.scale),
            "DB_URL": self.service_url(part.context),
            **self.broker_of(part),
        }
        return {name: values[name] for name in part.needs}
