"""Sends the operational record of a service to the agencies service, every two seconds.

Straight into its queue, by a confirmed publish: the service's database is not asked, and what the
broker does not take is counted and gone.
"""

import threading
import time

import orjson

from bus import topology
from bus.amqp.confirming import Confirming, Saying
from bus.envelope import Envelope
from bus.process.records import RECORDER, Recorder

EVERY_SECONDS = 2.0
KEEPER, CONTRACT = "agencies", "agencies.record_calls.v1"


class RecordSender:
    """Empties the record of this process."""

    def __init__(self, confirming: Confirming, recorder: Recorder = RECORDER) -> None:
        self._confirming, self._recorder = confirming, recorder
        self._source = ""
        self._ending = threading.Event()

    def stop(self) -> None:
        """Have the last sent while the process ends; nobody waits for it."""
        self._ending.set()

    def run(self, source: str) -> None:
        """Send until ``stop``; ``source`` is the service. To be run on a green thread."""
        self._source = source
        while not self._ending.wait(EVERY_SECONDS):
            self.send()
        self.send(all_sums=True)

    def send(self, *, all_sums: bool = False) -> None:
        """Send all that waits; what is not confirmed is counted as lost."""
        while (batch := self._recorder.take(all_sums=all_sums)) is not None:
            envelope = Envelope.new(CONTRACT, self._source)
            properties = {
                "content_type": topology.JSON,
                "message_id": envelope.id,
                "application_headers": envelope.headers(),
                "delivery_mode": 2,
            }
            queue = topology.queue_name(KEEPER, "commands")
            saying = Saying(time.monotonic(), "", queue, properties, orjson.dumps(batch))
            if not self._confirming.say([saying]).in_queue[0]:
                self._recorder.lost(batch)
                return
