"""Tokens that their agency has revoked (RFC 7009): no face takes them from then on.

They stand in the same two books as used proofs: that of the machine, which all its processes read
at each request, and that of all machines, which is asked where there are several.
"""

from bus.errors import Unauthenticated
from gateway.agency.proofs.replays import Replays
from gateway.agency.proofs.shared_replays import SharedReplays
from gateway.agency.proofs.tokens import LIFE, Issued

KIND = "token"
KEEP_SECONDS = LIFE + 60


class RevokedTokens:
    """The tokens that were revoked, while they would live."""

    def __init__(self, replays: Replays, shared: SharedReplays) -> None:
        self._replays, self._shared = replays, shared

    async def revoke(self, token: Issued) -> None:
        """Revoke a token on all machines. Unavailable ``replays.unavailable`` if some may not know.

        The other machines know it first: what fails is tried again, and nobody was told.
        """
        client = token.access.client
        await self._shared.mark(KIND, client, token.id, KEEP_SECONDS)
        self._replays.mark(KIND, client, token.id, KEEP_SECONDS)

    def require_valid_here(self, token: Issued) -> None:
        """Unauthenticated ``token.revoked`` if this machine knows that it was revoked, or began
        its book after the token was made and has nobody to ask.
        """
        forgotten = not self._shared.is_shared and self._replays.began_after(token.created)
        if forgotten or self._replays.is_noted(KIND, token.access.client, token.id):
            raise _revoked()

    async def require_valid(self, token: Issued) -> None:
        """The same for all machines. Unavailable ``replays.unavailable``."""
        if await self._shared.is_marked(KIND, token.access.client, token.id):
            raise _revoked()


def _revoked() -> Unauthenticated:
    return Unauthenticated("This token was revoked; get a new one.", code="token.revoked")
