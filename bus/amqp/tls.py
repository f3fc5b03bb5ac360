"""TLS to the broker, where AMQP_URL begins with amqps://: its certificate is believed for the name
in the address alone, and by the authority in AMQP_CA_FILE, or by those that the system knows.

Of several nodes each has a certificate that names all of them, as RabbitMQ's operator makes it.
"""

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from bus.settings import MissingSettings, Settings

SCHEME = "amqps"
# How pika says that there is no connection; who is distrusted gets an error of its own.
LOST = (AMQPError, AMQPConnectorException, OSError, TimeoutError)


def for_kombu(url: str) -> dict[str, object] | bool:
    """The parameter ``ssl`` of kombu's connection; False for an address without TLS."""
    if not is_tls(url):
        return False
    ca = authority(Settings())
    return {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": urlsplit(url.split(",", 1)[0]).hostname,
        "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
        **({"ca_certs": ca} if ca else {}),
    }


def parameters_of(url: str) -> pika.URLParameters:
    """pika's parameters for an address, with or without TLS."""
    parameters = pika.URLParameters(url)
    if is_tls(url):
        context = ssl.create_default_context(cafile=authority(Settings()))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        parameters.ssl_options = pika.SSLOptions(context, parameters.host)
    return parameters


def is_tls(url: str) -> bool:
    """True for the address of a broker that is reached by TLS."""
    return urlsplit(url).scheme == SCHEME


def authority(settings: Settings) -> str | None:
    """The file of the authority that certificates are believed by; None: those of the system.

    Raises MissingSettings if it is named and cannot be read as certificates.
    """
    path = settings.get("AMQP_CA_FILE")
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        raise MissingSettings(
            f"AMQP_CA_FILE names {path}, which cannot be read as certificates (PEM)."
        ) from None
    return path


UNREACHABLE = "There is no connection to the broker."


def distrust(error: BaseException | None) -> str | None:
    """Why a certificate is not believed, as one sentence; None for any other error."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"The broker's certificate is not believed ({cause.verify_message}): compare "
                "AMQP_URL with its names, and AMQP_CA_FILE with its authority."
            )
    return None


def name_of(error: BaseException) -> str:
    """What a log says of an error: why we distrust, or its kind."""
    return distrust(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it comes from; pika keeps those in lists of its own."""
    if error is None:
        return
    yield error
    inner = [getattr(error, "exception", None), *getattr(error, "exceptions", ()), *error.args]
    for cause in (error.__cause__ or error.__context__, *inner):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
