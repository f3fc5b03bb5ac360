"""What Prometheus learns of messages: whether all are accounted for, what waits, who is down."""

from prometheus_client import Gauge

from bus.client import Client
from bus.contracts.notify import ACCOUNTS
from bus.errors import BusError

ACCEPTED = Gauge("mirab_messages_accepted", "Messages that were ever accepted")
IN_FLIGHT = Gauge("mirab_messages_in_flight", "Messages that have not ended")
DIFFERENCE = Gauge("mirab_messages_difference", "Accepted, but neither ended nor in flight")
UNCLEAR = Gauge("mirab_messages_unclear", "Hand-overs of which nobody knows yet")
OLDEST_DUE = Gauge("mirab_messages_oldest_due_seconds", "Age of the oldest message not handed over")
MESSAGES = Gauge("mirab_messages", "Messages by channel and state", ["channel", "state"])
OPEN = Gauge("mirab_provider_open", "1 while a provider is left alone as failing", ["provider"])
CREDIT = Gauge("mirab_provider_credit_rials", "Money left with a provider", ["provider"])
NAN = float("nan")


async def measure(client: Client) -> None:
    """Sets the gauges; while notify does not answer they say that nothing is known."""
    try:
        told = await client.call(ACCOUNTS, {}, deadline=5.0)
    except BusError:
        told = {}
    for gauge, name in (
        (ACCEPTED, "accepted"),
        (IN_FLIGHT, "in_flight"),
        (DIFFERENCE, "difference"),
        (UNCLEAR, "unclear"),
        (OLDEST_DUE, "oldest_due_seconds"),
    ):
        gauge.set(told.get(name, NAN))
    for gauge in (MESSAGES, OPEN, CREDIT):
        gauge.clear()
    for each in told.get("states", ()):
        MESSAGES.labels(each["channel"], each["state"]).set(each["count"])
    for each in told.get("providers", ()):
        OPEN.labels(each["code"]).set(each["breaker"] != "CLOSED")
        if each["credit_rials"] is not None:
            CREDIT.labels(each["code"]).set(each["credit_rials"])
