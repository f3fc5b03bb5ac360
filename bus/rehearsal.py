"""A Request that is tried out: done as ever, judged by the same rules, and undone.

A page that is shown before an act says by it what the act would be refused for, without a rule of
its own. What leaves the transaction by itself (a call to the outside) is never tried.
"""

import contextlib
from collections.abc import Collection

from bus.activator import Job
from bus.database.store import Tx
from bus.errors import BusError, NotFound
from bus.messages.kinds import Request
from bus.messages.message import Wire


class _Undone(Exception):
    """What was done is undone by this."""


def rehearse(
    service: object, tx: Tx, name: str, data: Wire, acts: Collection[str]
) -> BusError | None:
    """Do what the service does for a Request of that name, undo it, and return its refusal.

    NotFound ``rehearsal.unknown``, which names it, for what is not one of ``acts``, the service
    does not serve, or not within one transaction. A refusal that is raised rolls back all and goes
    on.
    """
    job = _job(service, name) if name in acts else None
    if job is None:
        sentence = f"{name} is no act that is shown before it is done."
        raise NotFound(sentence, code="rehearsal.unknown", act=name)
    message = job.contract.load(data)
    result: object = None
    with contextlib.suppress(_Undone), tx.savepoint():
        result = job.method(service, tx, message)
        raise _Undone
    return result if isinstance(result, BusError) else None


def _job(service: object, name: str) -> Job | None:
    operation = name.partition(".")[2].rpartition(".")[0]
    job = getattr(getattr(type(service), operation, None), "job", None)
    if not isinstance(job, Job) or job.contract.name != name or job.outside or job.batch > 1:
        return None
    return job if isinstance(job.contract, Request) and job.contract.effect else None
