"""Proofs taken by faces on other machines: the book of the agencies service, asked last.

A face looks into its own book first (replays.py), which refuses what came to this machine before;
only what is new there is asked for here, in one message with what else waits.
"""

from bus.client import Client
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.agencies.proofs import LONGEST, PROOF_STATE, TAKE_PROOF, AskProof, TakeProof
from gateway.agency.proofs.replays import KEEP_SECONDS, mark_of, replayed

_log = log.get("replays")


class SharedReplays:
    """The book of all machines; without a client there is one machine alone, and nothing to ask."""

    def __init__(self, client: Client | None) -> None:
        self._client = client

    async def take(self, kind: str, scope: str, nonce: str, keep: int = KEEP_SECONDS) -> None:
        """Take a proof that is new on this machine, by the words of ``Replays.note``.

        SignatureError ``*.replayed`` if another machine took it; Unavailable
        ``replays.unavailable`` if that cannot be known: availability is lost, never the check.
        """
        if not await self.mark(kind, scope, nonce, keep):
            raise replayed(kind)

    async def mark(self, kind: str, scope: str, nonce: str, keep: int) -> bool:
        """Take a proof, or mark a token as revoked; False if another machine did so before."""
        if self._client is None:
            return True
        proof = TakeProof(mark=mark_of(kind, scope, nonce).hex(), seconds=min(keep, LONGEST))
        try:
            return (await self._client.call(TAKE_PROOF, proof)).first
        except BusError as error:
            raise _unknown(error) from None

    async def is_marked(self, kind: str, scope: str, nonce: str) -> bool:
        """True if any machine marked it. Unavailable ``replays.unavailable``."""
        if self._client is None:
            return False
        question = AskProof(mark=mark_of(kind, scope, nonce).hex())
        try:
            return (await self._client.call(PROOF_STATE, question)).is_used
        except BusError as error:
            raise _unknown(error) from None

    @property
    def is_shared(self) -> bool:
        """True if the book of all machines is asked."""
        return self._client is not None


def _unknown(error: BusError) -> Unavailable:
    _log.error("replays_unavailable", error=error.code)
    return Unavailable(
        "We cannot know whether this was sent before; try again later.",
        code="replays.unavailable",
    )
