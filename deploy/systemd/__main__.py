"""`python -m deploy.systemd [--check]`: write the units; 1 with --check if they differ."""

import sys
from pathlib import Path

from bus.process.private import own_files_only
from deploy.systemd.units import units

FOLDER = Path(__file__).parent / "units"


def main(argv: list[str]) -> int:
    """Write what differs, or say it."""
    made = units()
    present = {path.name: path for path in FOLDER.iterdir()}
    differing = [name for name in present if name not in made]
    for name, text in made.items():
        path = FOLDER / name
        if name not in present or path.read_text(encoding="utf-8") != text:
            differing.append(name)
            if "--check" not in argv:
                path.write_text(text, encoding="utf-8")
    if differing and "--check" in argv:
        print("These units differ; run python -m deploy.systemd:", *differing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main(sys.argv[1:]))
