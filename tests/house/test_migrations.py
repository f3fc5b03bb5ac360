"""A migration that was ever run is never edited: databases that ran it do not run it again.

`python -m tests.house.test_migrations` writes the hashes of new migrations down.
"""

import hashlib
import sys
from pathlib import Path

from bus import kernel_tables

ROOT = Path(__file__).parent.parent.parent
LANDED = Path(__file__).with_name("migrations.sha256")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def current_hashes() -> dict[str, str]:
    """The hash of each migration, and of each constant that migrations take from the kernel."""
    hashes = {
        str(path.relative_to(ROOT)): _digest(path.read_text(encoding="utf-8"))
        for path in sorted(ROOT.glob("services/*/migrations/versions/*.py"))
    }
    for name in sorted(vars(kernel_tables)):
        if name.isupper():
            hashes[f"bus/kernel_tables.py:{name}"] = _digest(getattr(kernel_tables, name))
    return hashes


def landed_hashes() -> dict[str, str]:
    lines = LANDED.read_text(encoding="utf-8").split("\n")
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines if line)}


def test_o8_a_migration_that_landed_is_never_edited_or_removed():
    current = current_hashes()
    changed = [name for name, digest in landed_hashes().items() if current.get(name) != digest]
    assert changed == [], "undo this and write a further migration"


def test_the_hash_of_each_migration_is_written_down():
    missing = current_hashes().keys() - landed_hashes().keys()
    assert missing == set(), "python -m tests.house.test_migrations"


def write_new_hashes() -> None:
    hashes = current_hashes() | landed_hashes()
    lines = [f"{digest}  {name}\n" for name, digest in sorted(hashes.items())]
    LANDED.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write_new_hashes()
    sys.exit(0)
