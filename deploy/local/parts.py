"""What runs, with which variables, on which port; docker-compose.yml equals this table."""

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """One process: ``module`` is what `python -m` runs; ``needs`` the variables that it reads.

    ``context`` names the service whose database DB_URL is. ``number`` counts the processes of one
    kind, whose name the first one has.
    """

    name: str
    module: tuple[str, ...]
    needs: tuple[str, ...]
    port: int | None = None
    context: str = "inquiry"
    number: int = 1

    @property
    def kind(self) -> str:
        """The name of the first process of its kind, whose account at the broker all share."""
        return self.name if self.number == 1 else self.name.removesuffix(f"-{self.number}")


SERVICES = ("inquiry", "ticketing", "billing", "notify", "agencies")
# What is recorded of calls, and which collector gets traces.
TELEMETRY = {
    "RECORDS_A_SECOND": "20",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.01",
}
ANY = ("AMQP_URL", "AMQP_PASSWORD_FILE", "LOG_LEVEL", "METRICS_ADDRESS", *TELEMETRY)
# Where a face listens, by which names it is reached, and which edge it believes.
LISTENS = ("HOST", "PORT", "ALLOWED_HOSTS", "TRUSTED_PROXIES")
# How colleagues sign in.
STAFF = ("DESK_KEY_FILE", "SECOND_FACTOR")
# What signs letters, pages and documents.
COMPANY = ("COMPANY_FA", "COMPANY_EN")

# What strangers may do, by default: of one address, of one receiver, of all together.
DISK_LIMITS = {"BLOBS_FREE_MEGABYTES": "1000"}
PORTAL_LIMITS = {
    "GUESSES_A_MINUTE": "60",
    "ACTS_AN_HOUR": "600",
    "UPLOADS_AN_HOUR": "120",
    "UPLOAD_MEGABYTES_AN_HOUR": "120",
    "UPLOAD_MEGABYTES_A_DAY": "4000",
    "DOCUMENTS_WAITING": "20",
    **DISK_LIMITS,
}
NOTICE_LIMITS = {"NOTICES_AN_HOUR": "5", "NOTICES_A_DAY": "10", "STRANGERS_SMS_A_DAY": "2000"}
MAIL_LIMITS = {
    "MAIL_MEGABYTES_AN_HOUR": "100",
    "MAIL_PEER_MEGABYTES_AN_HOUR": "2000",
    "MAIL_MEGABYTES_A_DAY": "20000",
}
SENT_FILES_LIMITS = {"SENT_FILES_MEGABYTES": "5000"}
LIMITS = {**PORTAL_LIMITS, **NOTICE_LIMITS, **MAIL_LIMITS, **SENT_FILES_LIMITS}
# Who endorses heads of the log of receipts.
ENDORSERS = dict.fromkeys(
    ("RECEIPTS_WITNESSES", "RECEIPTS_STAMPS_ADDRESS", "RECEIPTS_STAMPS_CA"), ""
)
# The mail server played here delivers nothing, so that nothing comes back by itself.
RETURNS = {"NOTIFY_RETURN_ADDRESS": "returns@mirab.example"}
# Whoever tries signals on one machine need not wait for a quarter of an hour.
DEFAULTS = (
    LIMITS
    | TELEMETRY
    | ENDORSERS
    | RETURNS
    | {"SIGNAL_WINDOW_SECONDS": "10", "HOLIDAYS_ADDRESS": ""}
)


def _relay(context: str) -> Part:
    return Part(
        f"{context}-relay",
        ("bus", "relay", f"services.{context}"),
        (*ANY, "DB_URL"),
        context=context,
    )


PARTS = (
    Part(
        "inquiry",
        ("bus", "serve", "services.inquiry"),
        (
            *ANY,
            "DB_URL",
            "INQUIRY_LOG_KEY_FILE",
            "SIGNAL_WINDOW_SECONDS",
            "IMPORT_DIR",
            "MARKS_DIR",
            "RECEIPTS_ORIGIN",
            "AGENCIES_DIR",
            "REGISTER_PUBLIC_KEY",
            "SIGNING_KEY_FILE",
            "PORTAL_URL",
        ),
    ),
    _relay("inquiry"),
    Part(
        "ticketing",
        ("bus", "serve", "services.ticketing"),
        (
            *ANY,
            *COMPANY,
            "DB_URL",
            "TICKETING_KEY_FILE",
            "PORTAL_URL",
            "DESK_URL",
            "BLOBS_DIR",
            "CLAMD_ADDRESS",
            "SMTP_URL",
            "FORWARD_CITIES_FILE",
            "FORWARD_SANDBOX",
            "HOLIDAYS_ADDRESS",
            "HOLIDAYS_SANDBOX",
            *DISK_LIMITS,
            *NOTICE_LIMITS,
        ),
        context="ticketing",
    ),
    _relay("ticketing"),
    Part(
        "ticketing-mail",
        ("services.ticketing.incoming_mail.server",),
        (
            *("LOG_LEVEL", "METRICS_ADDRESS", "DB_URL", "HOST", "MAIL_PORT"),
            *MAIL_LIMITS,
            *RETURNS,
        ),
        8025,
        context="ticketing",
    ),
    Part(
        "billing",
        ("bus", "serve", "services.billing"),
        (*ANY, "DB_URL", "BILLING_KEY_FILE", "MARKS_DIR", "PSPS_FILE", "PORTAL_URL"),
        context="billing",
    ),
    _relay("billing"),
    Part(
        "notify",
        ("bus", "serve", "services.notify"),
        (
            *ANY,
            "DB_URL",
            "NOTIFY_KEY_FILE",
            "NOTIFY_PROVIDERS_FILE",
            "CALLBACKS_SANDBOX",
            "SMTP_URL",
            *RETURNS,
            "PORTAL_URL",
            "BLOBS_DIR",
            *SENT_FILES_LIMITS,
            "CLAMD_ADDRESS",
            "MARKS_DIR",
            "AGENCIES_DIR",
            "REGISTER_PUBLIC_KEY",
            "SIGNING_KEY_FILE",
        ),
        context="notify",
    ),
    Part(
        "agencies",
        ("bus", "serve", "services.agencies"),
        (
            *ANY,
            "DB_URL",
            "AGENCIES_KEY_FILE",
            "MARKS_DIR",
            "RECEIPTS_KEY_FILE",
            "RECEIPTS_ORIGIN",
            *ENDORSERS,
            "REGISTER_KEY_FILE",
            "SANDBOX",
        ),
        context="agencies",
    ),
    _relay("agencies"),
    Part(
        "agency-rights",
        ("deploy.broker.watch",),
        (
            "AMQP_URL",
            "LOG_LEVEL",
            "METRICS_ADDRESS",
            "BROKER_API_URL",
            "AGENCY_BROKER_API_URL",
            "AGENCIES_DIR",
            "REGISTER_PUBLIC_KEY",
            "AGENCY_PASSWORDS_DIR",
            "BROKER_PASSWORDS_DIR",
        ),
    ),
    _relay("notify"),
    Part(
        "public",
        ("gateway.public",),
        (
            *ANY,
            *COMPANY,
            *LISTENS,
            "PORTAL_KEY_FILE",
            "PORTAL_URL",
            "BLOBS_DIR",
            "OPEN311_KEYS_FILE",
            "RECEIPT_KEYS",
            "OPEN311_TYPE",
            *PORTAL_LIMITS,
        ),
        8000,
    ),
    Part(
        "agency",
        ("gateway.agency",),
        (
            *ANY,
            *COMPANY,
            *LISTENS,
            "AGENCIES_DIR",
            "REGISTER_PUBLIC_KEY",
            "SANDBOX",
            "SIGNING_KEY_FILE",
            "RECEIPTS_ORIGIN",
            "REPLAY_DIR",
            "REPLAYS_SHARED",
            "AGENCY_FACES",
            "PORTAL_URL",
            "CLIENT_CERT_HEADER",
            "XROAD_INSTANCE",
            "XROAD_MEMBER",
            "XROAD_SERVER",
            "XROAD_ERRORS",
            "AGENCY_BASE_URL",
        ),
        8001,
    ),
    Part(
        "ops",
        ("gateway.ops",),
        (
            *ANY,
            *COMPANY,
            *LISTENS,
            *STAFF,
            "AGENCY_URL",
            "AGENCY_BASE_URL",
            "WATCHED_PARTS",
            "OPS_KEY_FILE",
            "METRICS_TOKEN_FILE",
            "PORTAL_URL",
            "AGENCIES_DIR",
            "REGISTER_PUBLIC_KEY",
            "LAST_BACKUP_FILE",
        ),
        8002,
    ),
    Part(
        "desk",
        ("gateway.desk",),
        (*ANY, *COMPANY, *LISTENS, *STAFF, "DESK_URL", "BLOBS_DIR"),
        8004,
    ),
    Part(
        "notify-api",
        ("gateway.notify",),
        (
            *ANY,
            *LISTENS,
            "NOTIFY_API_URL",
            "RECEIPTS_ORIGIN",
            "BLOBS_DIR",
            "BLOBS_FREE_MEGABYTES",
        ),
        8003,
    ),
)
# What plays the outside on a developer's machine: a mail server whose mailboxes are folders, a
# virus scanner that knows the test virus, a bank, providers of SMS, and a land registry that asks,
# hears and serves. Production has its own.
OUTSIDE = (
    Part("mailbox", ("deploy.local.mailbox",), ("MAILBOX_DIR", "MAILBOX_PORT")),
    Part("bank", ("deploy.local.bank",), ("BANK_PORT", "HOST")),
    Part(
        "sms", ("deploy.local.sms",), ("SMS_PORT", "HOST", "SMS_CALLBACK_URL", "SMS_RECEIVED_URL")
    ),
    Part(
        "land-registry",
        ("connector.example.land_registry",),
        (
            "AMQP_URL",
            "AMQP_PASSWORD_FILE",
            "HEARD_FILE",
            "MIRAB_URL",
            "MIRAB_KEY_FILE",
            "MIRAB_KEY_ID",
        ),
    ),
)
POSTGRES_PORT, RABBITMQ_PORT, RABBITMQ_API_PORT = 15432, 15673, 15674
DIST_PORT, EPMD_PORT = 25673, 14369
# The agencies' broker is another: AMQP, management, distribution, name server.
AGENCY_RABBITMQ_PORT, AGENCY_RABBITMQ_API_PORT = 15675, 15676
AGENCY_DIST_PORT, AGENCY_EPMD_PORT = 25675, 14370
MAILBOX_PORT, CLAMD_PORT, BANK_PORT, SMS_PORT = 8026, 13310, 8027, 8028
METRICS_FIRST = 18100


# Who keeps the rights at the brokers is one: what it does twice at once RabbitMQ refuses.
ALONE = ("agency-rights",)
# From the ports of the first processes to those of the second ones, and so on.
STRIDE = 100


def instances(scale: int) -> tuple[Part, ...]:
    """All processes, ``scale`` of each part that may be several."""
    more = (
        part._replace(
            name=f"{part.name}-{number}",
            port=part.port + STRIDE * (number - 1) if part.port else None,
            number=number,
        )
        for number in range(2, scale + 1)
        for part in PARTS
        if part.name not in ALONE
    )
    return (*PARTS, *more)


def metrics_port(part: Part) -> int:
    """The port of this machine on which a part tells how it is."""
    number = [other.name for other in PARTS].index(part.kind)
    return METRICS_FIRST + STRIDE * (part.number - 1) + number


def watched_parts(parts: Sequence[Part] = PARTS) -> str:
    """WATCHED_PARTS of the ops face: where it asks every other part how it is."""
    return " ".join(
        f"{part.name}=127.0.0.1:{metrics_port(part)}" for part in parts if part.kind != "ops"
    )
