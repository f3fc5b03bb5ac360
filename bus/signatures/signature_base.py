"""Signature headers, read; and the signature base, the very bytes that are signed (RFC 9421)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import http_sf

from bus.errors import SignatureError
from bus.signatures import canonical
from bus.signatures.canonical import Component
from bus.wire import Wire

LONGEST_HEADER = 4096
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """What a signature can cover. ``request`` is the request that an answer belongs to.

    ``headers`` have lower-case names; a field that was sent twice is joined with ``, ``.
    """

    headers: Mapping[str, str]
    method: str = ""
    target_uri: str = ""
    status: int = 0
    request: "HttpMessage | None" = None


@dataclass(frozen=True, slots=True)
class ParsedSignature:
    """The one signature of a message that has our tag, read, but not verified.

    ``params`` is what ``signature_params`` would write, if the header stands like that already.
    """

    label: str
    components: list[Component]
    parameters: Wire
    signature: bytes
    params: str | None = None


def signature_params(components: list[Component], parameters: Mapping[str, object]) -> str:
    """What is covered and by which parameters, as Signature-Input has it and the base ends."""
    params = canonical.write_params(components, parameters)
    if params is not None:
        return params
    header: str = http_sf.ser({"s": (components, dict(parameters))})
    return header.removeprefix("s=")


def signature_base(message: HttpMessage, components: list[Component], params: str) -> bytes:
    """The bytes to sign or verify; ``params`` is from ``signature_params``.

    SignatureError if a component is covered that the message has not, or twice, or in a way
    (``;sf``, ``;bs``, ``;tr``, ``;key``) that this profile does not know.
    """
    identifiers = [_identifier(component) for component in components]
    lines = [
        f"{identifier}: {_value(message, component)}"
        for identifier, component in zip(identifiers, components, strict=True)
    ]
    if len(set(identifiers)) != len(identifiers):
        raise SignatureError("signature.malformed", "A component is covered twice; cover it once.")
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def _identifier(component: Component) -> str:
    name, options = component
    if not options:
        return f'"{name}"'
    if len(options) != 1 or options.get("req") is not True:
        raise SignatureError(
            "signature.malformed", f'Cover "{name}" as it is, without {", ".join(options)}.'
        )
    return f'"{name}";req'


def _value(message: HttpMessage, component: Component) -> str:
    name, options = component
    source = message.request if options else message
    if source is None:
        raise SignatureError("signature.malformed", f'"{name}";req stands in answers only.')
    derived = name.startswith("@")
    value = _derived(source, name) if derived else source.headers.get(name)
    if value is None:
        raise SignatureError(
            "signature.component_missing",
            f'"{name}" is covered, but the message has none; send it, or leave '
            "it out of Signature-Input.",
        )
    # A line of the base must end where its value ends, or one line could be taken for two.
    if "\n" in value or "\r" in value:
        raise SignatureError("signature.malformed", f'"{name}" has a line break in it.')
    return value if derived else value.strip(" \t")


def _derived(source: HttpMessage, name: str) -> str | None:
    """A derived component (RFC 9421, section 2.2), or None if the message has none of the kind."""
    if name == "@method":
        return source.method or None
    if name == "@target-uri":
        return source.target_uri or None
    if name == "@status":
        return str(source.status) if source.status else None
    if not source.target_uri:
        return None
    scheme, _, rest = source.target_uri.partition("://")
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    scheme, authority = scheme.lower(), authority.lower()
    return {
        "@scheme": scheme,
        "@path": f"/{path}",
        "@query": f"?{query}",
        "@authority": authority.removesuffix(DEFAULT_PORTS.get(scheme, ":")),
    }.get(name)


def find_signature(message: HttpMessage, tag: str) -> ParsedSignature:
    """The one signature with that tag; SignatureError if there is none, or two, or no sense."""
    return _canonical(message, tag) or _by_library(message, tag)


def _canonical(message: HttpMessage, tag: str) -> ParsedSignature | None:
    texts = [message.headers.get(name, "") for name in ("signature-input", "signature")]
    if max(map(len, texts)) > LONGEST_HEADER:
        return None
    covered, signed = canonical.read_input(texts[0]), canonical.read_signature(texts[1])
    if covered is None or signed is None:
        return None
    label, components, parameters, params = covered
    if parameters.get("tag") != tag or signed[0] != label:
        return None
    return ParsedSignature(label, components, parameters, signed[1], params)


def _by_library(message: HttpMessage, tag: str) -> ParsedSignature:
    inputs = _dictionary(message, "signature-input")
    signatures = _dictionary(message, "signature")
    ours = [label for label, (_, parameters) in inputs.items() if parameters.get("tag") == tag]
    if not ours:
        raise SignatureError("signature.missing", f'No signature has tag="{tag}"; sign with it.')
    if len(ours) > 1:
        raise SignatureError(
            "signature.ambiguous", f'Two signatures have tag="{tag}"; send one of them.'
        )
    components, parameters = inputs[ours[0]]
    signature = signatures.get(ours[0], (None, {}))[0]
    # A whole number here would become that many bytes if it were converted.
    if (
        not isinstance(signature, bytes)
        or not isinstance(components, list)
        or not all(isinstance(name, str) for name, _ in components)
    ):
        raise SignatureError(
            "signature.malformed",
            f'Write Signature-Input as {ours[0]}=("…" "…");… and Signature as {ours[0]}=:base64:.',
        )
    return ParsedSignature(ours[0], components, parameters, signature)


# Any: http_sf has no types
def _dictionary(message: HttpMessage, name: str) -> dict[str, tuple[Any, Wire]]:
    text = message.headers.get(name)
    if not text:
        raise SignatureError(
            "signature.missing", "Sign the message (RFC 9421): Signature-Input and Signature."
        )
    if len(text) > LONGEST_HEADER:
        raise SignatureError(
            "signature.malformed", f"{name} is longer than {LONGEST_HEADER} characters; cover less."
        )
    try:
        # Any: http_sf has no types
        read: Any = http_sf.parse(
            text.encode("ascii"), tltype="dictionary", on_duplicate_key=_told_twice
        )
    except (ValueError, ArithmeticError):
        raise SignatureError(
            "signature.malformed", f"{name} is no dictionary as RFC 8941 writes it."
        ) from None
    return dict(read)


def _told_twice(key: str, _where: str) -> None:
    raise SignatureError("signature.ambiguous", f"{key} is told twice; tell it once.")
