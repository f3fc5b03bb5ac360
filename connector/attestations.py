"""`python -m connector attest`, `present`, and what `verify` does with an attestation (SD-JWT)."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson

from bus.errors import BusError
from bus.signatures.sd_jwt import LONGEST, Audience, IssuerKey, SdJwt, Shown, keys_of_jwks
from connector.connecting import caller_of
from connector.keys import load_key, read_server_keys
from contracts.inquiry.attestations import KIND
from iran.persian import tehran_day

USUAL = "day,status.group"


def is_attestation(path: str | Path) -> bool:
    """True if the file looks like an SD-JWT, and not like evidence or a receipt."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(LONGEST + 1).strip()
    except OSError:
        return False
    return start.startswith(b"ey") and b"~" in start


def attest(arguments: argparse.Namespace) -> None:
    """Asks for an answer as an SD-JWT, and keeps it with all that it can show."""
    request = {"tracking_code": arguments.tracking_code}
    if arguments.file_no:
        request["file_no"] = arguments.file_no
    if arguments.bind:
        request["holder_key"] = arguments.key_id
    reply = caller_of(arguments).call("inquiry.attest.v1", request)
    _keep(reply.data["sd_jwt"], arguments.out)


def present(arguments: argparse.Namespace) -> None:
    """Writes a presentation of the chosen fields; without --show lists what can be shown.

    ValueError for a field that is not there, or half of what a binding needs.
    """
    whole = _load(arguments.file)
    if not arguments.show:
        sys.stdout.write("\n".join([*whole.names, ""]))
        return
    names = [name.strip() for name in arguments.show.split(",") if name.strip()]
    audience = audience_of(arguments)
    if audience and not arguments.key_file:
        raise ValueError("Give --key-file: the key by which the presentation is bound.")
    if audience and not whole.names_a_holder:
        raise ValueError(f"{arguments.file} names no key to bind it by; attest --bind gets one.")
    key = load_key(arguments.key_file, arguments.key_id or "") if audience else None
    text = whole.present(names, key=key, audience=audience, at=time.time())
    if arguments.out:
        _keep(text, arguments.out)
    else:
        sys.stdout.write(f"{text}\n")


def audience_of(arguments: argparse.Namespace) -> Audience | None:
    """Whom a presentation is for; ValueError for an audience without a nonce, or the reverse."""
    if bool(arguments.audience) != bool(arguments.nonce):
        raise ValueError("Give --audience and --nonce together.")
    return Audience(arguments.audience, arguments.nonce) if arguments.audience else None


def verify_attestation(arguments: argparse.Namespace) -> None:
    """Prints what an attestation shows; SignatureError ``sd_jwt.*`` if it does not hold."""
    if not arguments.server_key:
        raise ValueError("Give --server-key (or set MIRAB_SERVER_KEY).")
    keys = _issuer_keys(arguments.server_key)
    audience = audience_of(arguments)
    shown = _load(arguments.file).verify(KIND, keys, now=time.time(), audience=audience)
    if arguments.json:
        sys.stdout.write(orjson.dumps(_facts(shown), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write("\n".join([*_sentences(shown, audience), ""]))


def _facts(shown: Shown) -> dict[str, object]:
    return {
        "genuine": True,
        "issuer": shown.issuer,
        "keyid": shown.keyid,
        "issued_on": _day(shown.issued),
        "fields": shown.fields,
        "others_may_be_hidden": shown.hidden,
        "bound_to": shown.binding._asdict() if shown.binding else None,
    }


def _sentences(shown: Shown, audience: Audience | None) -> list[str]:
    lines = [f"Genuine: signed by {shown.keyid} of {shown.issuer} on {_day(shown.issued)}."]
    lines += [f"  {name}: {_text(value)}" for name, value in shown.fields.items()]
    if shown.binding:
        bound = shown.binding
        lines.append(f"Presented to {bound.audience}, nonce {bound.nonce}, by the holder's key.")
    elif shown.holder:
        lines.append("Its holder's key is named, but this presentation is not signed by it.")
    lines.append("Not proven: that it is so after that day" + _unless_bound(shown))
    if shown.binding and audience is None:
        lines.append(
            "Not proven: that it was presented to you, and now. Give --audience and --nonce as you "
            "named them."
        )
    return lines


def _unless_bound(shown: Shown) -> str:
    return "." if shown.binding else "; that whoever shows it is the one whom it is about."


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _day(seconds: float) -> str:
    """The day in Iran at a moment in unix seconds."""
    return tehran_day(datetime.fromtimestamp(seconds, UTC)).isoformat()


def _issuer_keys(source: str) -> dict[str, IssuerKey]:
    """Mirab's keys; of a saved JWKS also when they ended."""
    keys = {keyid: IssuerKey(public) for keyid, public in read_server_keys(source).items()}
    path = Path(source)
    if path.exists():
        return {**keys, **keys_of_jwks(orjson.loads(path.read_bytes()))}
    return keys


def _load(path: str | Path) -> SdJwt:
    try:
        with Path(path).open(encoding="ascii") as file:
            return SdJwt.parse(file.read(LONGEST + 2))
    except (OSError, UnicodeDecodeError) as error:
        raise BusError(f"{path} cannot be read: {error}", code="evidence.unreadable") from None


def _keep(text: str, out: Path) -> None:
    """It may show personal data, so only its owner can read the file."""
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_text(f"{text}\n", encoding="ascii")
