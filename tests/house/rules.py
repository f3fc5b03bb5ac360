"""`python -m tests.house.rules BEFORE AFTER`: which rules two lists of tests hold.

A list is what `python -m pytest --collect-only -n 0` prints. A rule is a test function with its
parameters; one that moved to another file is the same rule. What is only in BEFORE must have been
renamed or merged: say into what in the commit.
"""

import sys
from collections import Counter
from pathlib import Path


def rules(path):
    """How often each rule stands in a list, by its name with parameters, without its file."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return Counter(line.split("::", 1)[1] for line in lines if "::" in line)


def functions(names):
    """The functions of rules, with the number of their rules."""
    return Counter(name.split("[")[0] for name in names.elements())


def main(before, after):
    old, new = rules(before), rules(after)
    gone, came = old - new, new - old
    print(f"before {old.total()}, after {new.total()}, same {(old & new).total()}")
    for title, names in (("only before", gone), ("only after", came)):
        print(f"{title}: {names.total()}")
        for name, count in sorted(functions(names).items()):
            print(f"  {name}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
