"""What comes in by HTTP before anybody is known: headers, signatures, bodies, forms."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping

import orjson
from starlette.requests import Request

from bus.errors import SignatureError, Unauthenticated
from bus.settings import MissingSettings, Settings
from bus.signatures.digest import check_digest, content_digest
from bus.signatures.jwk import Unreadable, public_key
from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signature_base import HttpMessage
from bus.signatures.signing import sign_request, verify_request
from gateway.agency.proofs.certificates import Certificates
from gateway.agency.proofs.dpop import DpopProofs
from gateway.agency.proofs.tokens import Access, Tokens
from gateway.agency.xroad.head import read_head
from gateway.agency.xroad.names import House, service_of
from gateway.forms.multipart import read_form
from gateway.forms.seals import Seals
from gateway.forms.small_files import read_small_form
from gateway.http import address, bodies, languages
from gateway.http.edge import FROM_EDGE
from gateway.http.problems import HttpError
from gateway.http.weights import weighed
from tests.fuzz.parsers import parser, rule

KEY = SigningKey.new("fuzz-1")
ISSUER = "https://agency.test"
NOW = 1_800_000_000.0
URL = f"{ISSUER}/v1/inquiry/ask"
TOKENS, PROOFS, SEALS = Tokens(KEY, {}), DpopProofs(KEY), Seals("k" * 40)
HOUSE = House("MIRAB", "GOV", "WATER", "mirab")
_loop = asyncio.new_event_loop()


class Believing(PublicKey):
    """A key that believes every signature, so that what stands behind the signature is reached."""

    def verify(self, signature: bytes, base: bytes) -> bool:
        super().verify(signature, base)
        return True


BELIEVING = Believing(KEY.public.raw)


def request_of(
    body: bytes = b"", headers: Mapping[str, str | bytes] | None = None, path: bytes = b"/"
) -> Request:
    """A request as a face gets it; its body comes in two chunks."""
    pairs = [
        (name.encode(), value.encode("latin-1", "replace") if isinstance(value, str) else value)
        for name, value in (headers or {}).items()
    ]
    bare, _, query = path.partition(b"?")
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "https",
        "path": bare.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": pairs,
        "state": {},
        FROM_EDGE: True,
    }
    half = len(body) // 2
    chunks = [body[:half], body[half:]]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    return Request(scope, receive)


def texts_of(raw: bytes, count: int) -> list[str]:
    """Header values: the input's parts between NULs, as a face decodes them."""
    parts = raw.split(b"\0", count - 1) + [b""] * count
    return [part.decode("latin-1") for part in parts[:count]]


def _signed() -> list[bytes]:
    headers = {"content-type": "application/json"}
    signed = sign_request(KEY, "POST", URL, headers, b"{}", now=NOW)
    plain = "\0".join((signed["Signature-Input"], signed["Signature"])).encode()
    return [
        plain,
        plain.replace(b'")', b'" "@path";req)'),
        plain.replace(b"mirab=", b"b=1, mirab="),
    ]


@parser("signature", SignatureError, seeds=_signed)
def signature(raw: bytes) -> object:
    """Signature-Input and Signature of a signed request (RFC 9421, 9651)"""
    covered, made = texts_of(raw, 2)
    headers = {
        "content-type": "application/json",
        "content-digest": content_digest(b"{}"),
        "signature-input": covered,
        "signature": made,
    }
    message = HttpMessage(headers, "POST", URL)
    return verify_request(message, lambda _: BELIEVING, now=NOW)


@parser(
    "content-digest",
    SignatureError,
    seeds=lambda: [
        content_digest(b"body").encode(),
        b"sha-512=:"
        + base64.b64encode(hashlib.sha512(b"body").digest())
        + b":, sha-256=:AA==:;a=1",
    ],
)
def digest(raw: bytes) -> None:
    """Content-Digest of a body (RFC 9530)"""
    check_digest({"content-digest": raw.decode("latin-1")}, b"body", required=False)


@parser(
    "json-body",
    HttpError,
    seeds=lambda: [b'{"key_kind":"file_no","key":"1-2","n":[1.5,{"a":"\\u0633"}]}'],
)
def json_body(raw: bytes) -> None:
    """The JSON body of any call"""
    data = bodies.parse_object(raw)
    rule(orjson.loads(orjson.dumps(data)) == data, "what was read cannot be written")


def _tokens() -> list[bytes]:
    access = Access(
        client="fuel-co", key="fuel-1", scope=frozenset({"a"}), purpose=None, binding={"jkt": "x"}
    )
    claims = {"jti": "x" * 20, "htm": "POST", "htu": URL, "iat": int(time.time())}
    return [TOKENS.make(access, ISSUER).encode(), KEY.jws("dpop+jwt", claims).encode()]


@parser("access-token", Unauthenticated, seeds=_tokens)
def access_token(raw: bytes) -> object:
    """A bearer or DPoP token, and the proof beside it (RFC 7519, 9449)"""
    text = raw.decode("latin-1")
    try:
        return PROOFS.check(text, "POST", URL, token="t")
    except Unauthenticated:
        return TOKENS.read(text, ISSUER)


@parser(
    "jwk",
    Unreadable,
    seeds=lambda: [
        orjson.dumps(KEY.public.jwk("a")),
        b'{"kty":"EC","crv":"P-256","x":"' + b"A" * 43 + b'","y":"' + b"A" * 43 + b'"}',
        b'{"kty":"RSA","n":"' + b"w" * 342 + b'","e":"AQAB"}',
    ],
)
def jwk(raw: bytes) -> object:
    """A public key that another party publishes (RFC 7517)"""
    try:
        members = orjson.loads(raw)
    except ValueError:
        return None
    return public_key(members)


@parser(
    "accept",
    HttpError,
    seeds=lambda: [b"fa-IR;q=0.9, en;q=0.8, *;q=0\0application/json, text/*;q=0.3"],
)
def accept(raw: bytes) -> None:
    """Accept, Accept-Language, and the address of a face"""
    language, media = texts_of(raw, 2)
    request = request_of(headers={"accept-language": language, "accept": media})
    rule(languages.preferred(request, "fa") in ("fa", "en", "ar"), "a language that is none")
    rule(all(0 <= weight <= 1 for _, weight in weighed(request, "accept")), "a weight beyond 0..1")
    bodies.answer_type(request, "application/json", "text/html")


@parser("host", MissingSettings, seeds=lambda: [b"https://water.test:443/", b"http://[::1]:8001"])
def host(raw: bytes) -> object:
    """Addresses as settings, clients and links name them"""
    return address.parse("PORTAL_URL", raw.decode("utf-8", "replace"))


@parser(
    "xroad",
    HttpError,
    seeds=lambda: [
        b"/r1/MIRAB/GOV/WATER/inquiry/ask/a%2Fb?c=d\0MIRAB/GOV/FUEL/app\0COM/1234\0MIRAB/GOV/WATER/mirab"
    ],
)
def xroad(raw: bytes) -> object:
    """Address and headers of a call by X-Road (PR-REST)"""
    path, client, party, server = texts_of(raw, 4)
    names = ("x-road-client", "x-road-represented-party", "x-road-security-server", "x-road-id")
    values = (client, party, server, client)
    headers = {name: value for name, value in zip(names, values, strict=True) if value}
    request = request_of(headers=headers, path=path.encode("latin-1"))
    head = read_head(request, HOUSE)
    return head, service_of(path)


@parser(
    "certificate",
    seeds=lambda: [b"-----BEGIN CERTIFICATE-----%0AMIIB%0A-----END CERTIFICATE-----%0A"],
)
def certificate(raw: bytes) -> object:
    """A client's certificate in the header of the edge"""
    reader = Certificates(Settings({"CLIENT_CERT_HEADER": "x-client-cert"}))
    return reader.thumbprint(request_of(headers={"x-client-cert": raw}))


BOUNDARY = b"fuzz"
PART = (
    b'--fuzz\r\nContent-Disposition: form-data; name="text"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nhello\r\n--fuzz--\r\n"
)


@parser(
    "form",
    HttpError,
    seeds=lambda: [b"a=1&text=%D8%B3&a=%00", PART, PART.replace(b'; filename="a.txt"', b"")],
)
def form(raw: bytes) -> None:
    """Forms of the portal, url-encoded and multipart with files"""
    kind = "multipart/form-data; boundary=fuzz" if BOUNDARY in raw[:9] else None
    url_encoded = kind or "application/x-www-form-urlencoded"
    request = request_of(raw, {"content-type": url_encoded})
    _loop.run_until_complete(read_form(request, as_text=True))
    if kind:
        again = request_of(raw, {"content-type": kind})
        _loop.run_until_complete(read_small_form(again, 4096))


@parser(
    "form-head",
    HttpError,
    seeds=lambda: [b'multipart/form-data; boundary="fuzz"', b"multipart/form-data"],
)
def form_head(raw: bytes) -> None:
    """The Content-Type of a form, with its boundary"""
    request = request_of(PART, {"content-type": raw})
    _loop.run_until_complete(read_form(request, as_text=True))


@parser("seal", seeds=lambda: [SEALS.seal({"a": 1}).encode()])
def seal(raw: bytes) -> object:
    """Cookies, drafts and form tokens that a browser carries for us"""
    return SEALS.open(raw.decode("latin-1"), 60)
