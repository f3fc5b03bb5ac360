"""What the agency face finds out about a request (gateway/http/facts.py)."""

from bus.signatures.signature_base import HttpMessage
from gateway.agency.door.visitor import Visitor
from gateway.http.facts import Fact

# The request as it was signed; who asks, once proven; the key by which a browser's console was
# opened.
HTTP_MESSAGE = Fact[HttpMessage]("http_message")
VISITOR = Fact[Visitor]("visitor")
CONSOLE_KEY = Fact[str]("console_key")
# Headers that tell when the contract ends.
ENDING = Fact[dict[str, str]]("ending")
