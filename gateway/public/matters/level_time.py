"""Answers that take the same time whatever is on file, so that a clock tells a stranger nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Longer than the services take to look, to write a code and to have its SMS sent.
SECONDS = 0.6


@asynccontextmanager
async def level_time() -> AsyncIterator[None]:
    """Go on not before ``SECONDS`` after the beginning, refused or not."""
    until = time.monotonic() + SECONDS
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, until - time.monotonic()))
