"""The process that fuzzes, by atheris; __main__.py starts it in its own environment."""

import gc
import importlib
import os
import sys
import time
from pathlib import Path

import atheris  # type: ignore[import-not-found]

from tests.fuzz.__main__ import SAY_SECONDS, keep, note_run
from tests.fuzz.parsers import GUIDED, LONGEST, PARSERS


def main(room: str, name: str, seconds: float, folder: Path) -> None:
    """Fuzz until so many seconds of the processor are over."""
    with atheris.instrument_imports(include=list(GUIDED[room])):
        importlib.import_module(f"tests.fuzz.{room}")
    parser = PARSERS[name]
    corpus = folder / "corpus"
    for number, seed in enumerate(parser.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    gc.freeze()
    begun = time.process_time()
    reported, noted, inputs, counted = time.monotonic(), begun, 0, 0

    def feed(raw: bytes) -> None:
        nonlocal inputs, reported, noted, counted
        inputs += 1
        fault = parser.judge(raw)
        if fault:
            keep(name, fault, raw)
        if inputs % 64 and not fault:
            return
        used = time.process_time()
        is_over = used - begun >= seconds
        if is_over or time.monotonic() - reported >= SAY_SECONDS:
            note_run(name, used - noted, inputs - counted)
            reported, noted, counted = time.monotonic(), used, inputs
            kept = sum(1 for _ in corpus.iterdir())
            minutes = (used - begun) / 60
            print(f"{name}: {minutes:.1f} min, {inputs:,} inputs, corpus {kept}", flush=True)
        if is_over:
            os._exit(0)

    options = {
        "max_len": LONGEST,
        "timeout": 600,
        # It counts time by the clock, also while this process stands still; judge() counts work.
        "report_slow_units": 3600,
        "rss_limit_mb": 4000,
        "artifact_prefix": f"{folder}/stopped/",
    }
    words = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], str(corpus), *words], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]))
