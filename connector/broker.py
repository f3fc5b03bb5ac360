"""The way to the broker of who serves or hears: its address, and a connection that comes back."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable

import pika
from pika.exceptions import AMQPError

HEARTBEAT_SECONDS = 20
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


def parameters_of(url: str, name: str, ca_file: str | None) -> pika.URLParameters:
    """Where to connect: amqp:// or amqps://; ``ca_file`` names the authority of its certificate,
    if it is none that the system knows; ``name`` is how the connection is called there.
    """
    parameters = pika.URLParameters(url)
    parameters.heartbeat = HEARTBEAT_SECONDS
    parameters.client_properties = {"connection_name": name}
    if ca_file is not None:
        context = ssl.create_default_context(cafile=ca_file)
        parameters.ssl_options = pika.SSLOptions(context, parameters.host)
    return parameters


def again_and_again(
    work: Callable[[], None],
    stop: threading.Event,
    log: logging.Logger,
    also: tuple[type[Exception], ...] = (),
) -> None:
    """Works until ``stop``; after each loss of the broker, or another error that may pass, again
    with growing pauses.
    """
    pause = SHORTEST_PAUSE
    while not stop.is_set():
        began = time.monotonic()
        try:
            work()
        except (AMQPError, OSError, *also) as error:
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = SHORTEST_PAUSE
            log.warning("broker lost: %s; again in %.1f s", _told(error), pause)
            stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret
            pause = min(pause * 2, LONGEST_PAUSE)


def _told(error: Exception) -> str:
    return str(getattr(error, "code", None) or type(error).__name__)
