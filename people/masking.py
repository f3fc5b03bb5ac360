"""A number of which only the end is shown."""

HIDDEN, MOST_SHOWN = "•", 3


def part_of(number: str) -> str:
    """Show the last signs of a number, at most half of it, and hide the others.

    >>> part_of("1004/9"), part_of("9900000013")
    ('•••4/9', '•••••••013')
    """
    signs = [place for place, sign in enumerate(number) if sign.isalnum()]
    shown = set(signs[len(signs) - min(MOST_SHOWN, len(signs) // 2) :])
    return "".join(
        sign if place in shown or not sign.isalnum() else HIDDEN
        for place, sign in enumerate(number)
    )
