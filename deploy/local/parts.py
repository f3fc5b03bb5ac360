"""What runs, with which variables, on which port; docker-compose.yml equals this table."""

from typing import NamedTuple


class Part(NamedTuple):
    """One process: ``module`` is what `python -m` runs; ``needs`` the variables that it reads."""

    name: str
    module: tuple[str, ...]
    needs: tuple[str, ...]
    port: int | None = None


SERVICES = ("inquiry",)
ANY = ("AMQP_URL", "LOG_LEVEL")

PARTS = (
    Part(
        "inquiry",
        ("bus", "serve", "services.inquiry"),
        (*ANY, "DB_URL", "INQUIRY_LOG_KEY_FILE", "IMPORT_DIR"),
    ),
    Part("inquiry-relay", ("bus", "relay", "services.inquiry"), (*ANY, "DB_URL")),
    Part("public", ("gateway.public",), (*ANY, "HOST", "PORT"), 8000),
    Part(
        "agency",
        ("gateway.agency",),
        (*ANY, "HOST", "PORT", "AGENCIES_DIR", "SIGNING_KEY_FILE"),
        8001,
    ),
    Part("ops", ("gateway.ops",), (*ANY, "HOST", "PORT", "AGENCY_URL", "OPS_KEY_FILE"), 8002),
)
POSTGRES_PORT, RABBITMQ_PORT = 15432, 15673
DIST_PORT, EPMD_PORT = 25673, 14369
