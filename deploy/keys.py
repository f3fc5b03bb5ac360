"""Private keys of a local installation, made once, and the public halves that its parts are given.

What makes and reads keys is imported only when it is needed: `make status` needs none.
"""

from pathlib import Path


def private_key(path: Path) -> Path:
    """The file of a private key (Ed25519), made if it is not there."""
    from connector.keys import make_key

    if not path.exists():
        make_key(path)
    return path


def public_key(path: Path) -> str:
    """The public half of a private key, as base64; it is noted beside it, for the day when the
    private one is lost.
    """
    from bus.signatures.keys import SigningKey

    noted = path.with_suffix(".pub")
    if not path.exists():
        return noted.read_text(encoding="utf-8")
    public = SigningKey.load(path, path.stem).public.base64()
    if not noted.exists() or noted.read_text(encoding="utf-8") != public:
        noted.write_text(public, encoding="utf-8")
    return public


def key_of_receipts(path: Path, origin: str) -> str:
    """The line by which people and programs know the log of receipts: NAME+ID+KEY."""
    from bus.evidence.notes import ED25519, Verifier
    from bus.signatures.keys import PublicKey

    return str(Verifier(origin, ED25519, PublicKey.from_base64(public_key(path))))
