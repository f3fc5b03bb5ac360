"""The figures of a play, as tables of a document."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.cluster.counts import Count, Rest
from deploy.cluster.plays import Outcome

BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"


def tables(outcomes: Sequence[Outcome], made: Sequence[Count], rest: Rest) -> str:
    """Both tables, and a sentence of what is left."""
    kinds = list(outcomes[0].waits) if outcomes else []
    lines = [
        "| What happened | " + " | ".join(f"{kind}, longest wait" for kind in kinds) + " | limit |",
        "|---|" + "---|" * (len(kinds) + 1),
    ]
    for outcome in outcomes:
        waits = " | ".join(f"{outcome.waits[kind]:.1f} s" for kind in kinds)
        limit = f"{outcome.limit:.0f} s" if outcome.limit else "none"
        lines.append(f"| {outcome.play} | {waits} | {limit} |")
    lines += [
        "",
        "| Sent | accepted | lost | done twice | given up | sent more than once |",
        "|---|---|---|---|---|---|",
        *(
            f"| {c.kind} | {c.accepted} | {c.lost} | {c.doubled} | {c.given_up} | {c.repeated} |"
            for c in made
        ),
        "",
        f"At the end {rest.waiting_messages} messages wait in outboxes, {rest.dead_letters} are "
        f"dead letters, and {rest.unfiled_letters} letters are not filed.",
    ]
    return "\n".join(lines)


def problems(problems_of: Mapping[str, Mapping[str, int]]) -> str:
    """Why something was sent again, by kind."""
    return "\n".join(
        f"  {kind}: "
        + (", ".join(f"{n} x {problem}" for problem, n in whys.items()) or "no problem")
        for kind, whys in problems_of.items()
    )


def is_good(outcomes: Sequence[Outcome], made: Sequence[Count], rest: Rest) -> bool:
    """True if nothing was lost, done twice or left, and no answer took longer than it may."""
    late = any(
        outcome.limit is not None and max(outcome.waits.values(), default=0.0) > outcome.limit
        for outcome in outcomes
    )
    lost = any(count.lost or count.doubled or count.given_up for count in made)
    return not late and not lost and rest == Rest(0, 0, 0)


def write(path: Path, name: str, text: str) -> None:
    """Put figures between the marks of that name in a document."""
    begin, end = BEGIN.format(name), END.format(name)
    before, _, after = path.read_text(encoding="utf-8").partition(begin)
    after = after.partition(end)[2]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
