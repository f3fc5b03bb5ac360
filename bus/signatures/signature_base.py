"""Signature headers, read; and the signature base, the very bytes that are signed (RFC 9421)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import http_sf

from bus.errors import SignatureError
from bus.wire import Wire

LONGEST_HEADER = 4096
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Component = tuple[str, Wire]


@dataclass(frozen=True, slots=True)
class Message:
    """What a signature can cover. ``request`` is the request that an answer belongs to.

    ``headers`` have lower-case names; a field that was sent twice is joined with ``, ``.
    """

    headers: Mapping[str, str]
    method: str = ""
    target_uri: str = ""
    status: int = 0
    request: "Message | None" = None


@dataclass(frozen=True, slots=True)
class ParsedSignature:
    """The one signature of a message that has our tag, read, but not verified."""

    label: str
    components: list[Component]
    parameters: Wire
    signature: bytes


def signature_params(components: list[Component], parameters: Mapping[str, object]) -> str:
    """What is covered and by which parameters, as Signature-Input has it and the base ends."""
    header: str = http_sf.ser({"s": (components, dict(parameters))})
    return header.removeprefix("s=")


def signature_base(message: Message, components: list[Component], params: str) -> bytes:
    """The bytes to sign or verify; ``params`` is from ``signature_params``.

    SignatureError if a component is covered that the message has not, or twice, or in a way
    (``;sf``, ``;bs``, ``;tr``, ``;key``) that this profile does not know.
    """
    lines = [f"{_identifier(component)}: {_value(message, component)}" for component in components]
    if len({line.partition(": ")[0] for line in lines}) != len(lines):
        raise SignatureError("signature.malformed", "A component is covered twice; cover it once.")
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def _identifier(component: Component) -> str:
    name, options = component
    if options not in ({}, {"req": True}):
        raise SignatureError(
            "signature.malformed", f'Cover "{name}" as it is, without {", ".join(options)}.'
        )
    return f'"{name}";req' if options else f'"{name}"'


def _value(message: Message, component: Component) -> str:
    name, options = component
    source = message.request if options else message
    if source is None:
        raise SignatureError("signature.malformed", f'"{name}";req stands in answers only.')
    value = _derived(source, name) if name.startswith("@") else source.headers.get(name)
    if value is None:
        raise SignatureError(
            "signature.component_missing",
            f'"{name}" is covered, but the message has none; send it, or leave '
            "it out of Signature-Input.",
        )
    # A line of the base must end where its value ends, or one line could be taken for two.
    if "\n" in value or "\r" in value:
        raise SignatureError("signature.malformed", f'"{name}" has a line break in it.')
    return value if name.startswith("@") else value.strip(" \t")


def _derived(source: Message, name: str) -> str | None:
    """A derived component (RFC 9421, section 2.2), or None if the message has none of the kind."""
    simple = {
        "@method": source.method,
        "@target-uri": source.target_uri,
        "@status": str(source.status or ""),
    }
    if name in simple:
        return simple[name] or None
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


def find_signature(message: Message, tag: str) -> ParsedSignature:
    """The one signature with that tag; SignatureError if there is none, or two, or no sense."""
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
def _dictionary(message: Message, name: str) -> dict[str, tuple[Any, Wire]]:
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
