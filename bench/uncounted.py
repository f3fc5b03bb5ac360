"""`python -m bench.uncounted MODULE ...`: runs a part of Mirab that counts nothing.

It is the other half of `python -m bench metrics`: the same processes, but no counter rises and no
time is put into a histogram.
"""

import runpy
import sys


def main() -> None:
    """Run the module that is named, with the rest of the words as its arguments."""
    if sys.argv[1:3] == ["bus", "serve"]:
        import eventlet

        eventlet.monkey_patch()
    import prometheus_client

    def nothing(*_: object, **__: object) -> None:
        """Count nothing."""

    for kind, method in (
        (prometheus_client.Counter, "inc"),
        (prometheus_client.Histogram, "observe"),
        (prometheus_client.Gauge, "set"),
        (prometheus_client.Gauge, "inc"),
    ):
        setattr(kind, method, nothing)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
