"""Python's garbage collector, told what a long-lived process keeps for good."""

import gc

# So many new objects, not 700, before the young are looked through: most live for one message and
# are then gone by themselves. With more, what a page of a batch leaves in a circle piles up.
YOUNG = 5_000


def settle() -> None:
    """Leave out of each later look what stands by now: modules, schemas, statements.

    Called once, when a process has started. What has no cycles goes by itself all the same.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
