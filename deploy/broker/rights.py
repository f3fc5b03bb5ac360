"""Who of our own parts may do what at our broker: one table.

Each part signs in as `mirab.<part>`. RabbitMQ has three patterns of names a user (configure: make
and delete; write: publish to, bind a queue; read: consume, bind from) and, for each topic exchange,
which routing keys the user may publish (write) and bind (read). The keys of questions, Commands and
Events are their contracts, so that what a part can send is what its code needs and no more.

A service answers over `amq.default`, because a direct reply has no other way; so it could write to
any queue of ours. The faces, to which strangers come, cannot.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bus import topology
from contracts import CATALOGUE, Command, Request, health_contracts
from deploy.broker.steps import NOTHING, Permissions, only

TAG = "mirab-part"
LIMITS = {"max-connections": 200, "max-channels": 400}
DEFAULT_EXCHANGE = "amq.default"
OWN_TEMPORARY_QUEUE = r"amq\.gen-.*"

# What the portal asks; it is named one by one, since strangers stand before it.
PUBLIC_REQUESTS = (
    "billing.bills_of.v1",
    "billing.look_up.v1",
    "billing.payment.v1",
    "billing.quote.v1",
    "billing.start_payment.v1",
    "billing.take_return.v1",
    "inquiry.ask_new_secret.v1",
    "inquiry.ask_own.v1",
    "inquiry.begin_sign_in.v1",
    "inquiry.find_asking.v1",
    "inquiry.laws.v1",
    "inquiry.matters.v1",
    "inquiry.new_secret.v1",
    "inquiry.open_my_inquiry.v1",
    "inquiry.rate_own.v1",
    "inquiry.ratings.v1",
    "inquiry.read_own.v1",
    "inquiry.sign_in.v1",
    "inquiry.sign_out.v1",
    "inquiry.verify.v1",
    "inquiry.who_asked.v1",
    "notify.announcement.v1",
    "notify.announcements.v1",
    "notify.attach_inbox.v1",
    "notify.change_subscription.v1",
    "notify.confirm_subscription.v1",
    "notify.current.v1",
    "notify.make_inbox.v1",
    "notify.my_inboxes.v1",
    "notify.open_inbox.v1",
    "notify.open_my_inbox.v1",
    "notify.promise_report.v1",
    "notify.promises.v1",
    "notify.read_inbox.v1",
    "notify.receipt.v1",
    "notify.status.v1",
    "notify.subscribe.v1",
    "notify.subscription.v1",
    "notify.unsubscribe.v1",
    "ticketing.ask_new_secret.v1",
    "ticketing.choose_slot.v1",
    "ticketing.form.v1",
    "ticketing.invitation.v1",
    "ticketing.leave_slot.v1",
    "ticketing.list_public.v1",
    "ticketing.me_too.v1",
    "ticketing.my_tickets.v1",
    "ticketing.nearby.v1",
    "ticketing.new_secret.v1",
    "ticketing.on_file.v1",
    "ticketing.open_attachment.v1",
    "ticketing.open_my_ticket.v1",
    "ticketing.public_map.v1",
    "ticketing.rate.v1",
    "ticketing.register.v1",
    "ticketing.reopen.v1",
    "ticketing.statistics.v1",
    "ticketing.token.v1",
    "ticketing.track.v1",
    "ticketing.unpublish.v1",
    "ticketing.withdraw.v1",
    "ticketing.write.v1",
)
# What the agency face asks for itself, beside all that agencies may call.
AGENCY_FACE_REQUESTS = (
    "agencies.claim_calls.v1",
    "agencies.console_session.v1",
    "agencies.copies.v1",
    "agencies.defer.v1",
    "agencies.enter_console.v1",
    "agencies.leave_console.v1",
    "agencies.note_refusals.v1",
    "agencies.register_sandbox.v1",
    "agencies.settle_call.v1",
    "notify.current.v1",
)
NOTIFY_API_REQUESTS = (
    "notify.api_message.v1",
    "notify.api_messages.v1",
    "notify.api_send.v1",
    "notify.authenticate.v1",
    "notify.preview.v1",
    "notify.template.v1",
    "notify.templates.v1",
)
# What the ops face asks: whose session or token it is, how all are, and imports. The accounts are
# asked for by both faces of colleagues.
ACCOUNT_REQUESTS = (
    "ticketing.account.v1",
    "ticketing.change_password.v1",
    "ticketing.confirm_session.v1",
    "ticketing.end_login_sessions.v1",
    "ticketing.end_sessions.v1",
    "ticketing.enrol_factor.v1",
    "ticketing.finish_factor.v1",
    "ticketing.passkey_options.v1",
    "ticketing.remove_factor.v1",
    "ticketing.reset_factors.v1",
    "ticketing.session.v1",
    "ticketing.start_login_session.v1",
    "ticketing.start_session.v1",
)
OPS_REQUESTS = (
    "inquiry.load_registry.v1",
    "inquiry.load_status.v1",
    "inquiry.ratings.v1",
    "notify.accounts.v1",
    "notify.close_month.v1",
    "notify.note_probes.v1",
    "notify.promises.v1",
    "ticketing.ask_replay.v1",
    "ticketing.decide_replay.v1",
    "ticketing.mail_figures.v1",
    "ticketing.note_fates.v1",
    "ticketing.operator.v1",
    "ticketing.replays.v1",
    "ticketing.statistics.v1",
)
# What colleagues do that others do too; all else of theirs is in no other list.
SHARED_WITH_DESK = (
    "notify.accounts.v1",
    "notify.announcement.v1",
    "notify.announcements.v1",
    "notify.cancel_job.v1",
    "notify.current.v1",
    "notify.job.v1",
    "notify.job_preview.v1",
    "notify.jobs.v1",
    "notify.start_job.v1",
    "notify.status.v1",
    "notify.submit_job.v1",
    "ticketing.form.v1",
    "ticketing.register.v1",
)
# The Commands that services send each other; each sends itself its own too.
COMMANDS: dict[str, tuple[str, ...]] = {
    "inquiry": ("billing.charge.v1", "notify.send_message.v1"),
    "ticketing": ("notify.send_message.v1",),
    "agencies": ("notify.call_back.v1",),
    "notify": (),
    "billing": (),
}
# The Events that they hear; the agencies service tells agencies of all that these may hear.
EVENTS_HEARD: dict[str, tuple[str, ...]] = {
    "inquiry": (
        "billing.bill_ended.v1",
        "billing.bill_issued.v1",
        "billing.bill_paid.v1",
        "billing.bill_reminded.v1",
    ),
    "billing": ("inquiry.batch_answered.v1", "inquiry.day_counted.v1"),
    "notify": ("billing.bill_reminded.v1",),
    "ticketing": (),
    "agencies": tuple(n for n, made in CATALOGUE.items() if getattr(made, "hearable", False)),
}
SERVICES = tuple(COMMANDS)


class Topic(NamedTuple):
    """Routing keys at one topic exchange, as patterns."""

    exchange: str
    write: str = NOTHING
    read: str = NOTHING


class Rights(NamedTuple):
    """What one part may do at our broker; ``tags`` let it into the management API."""

    part: str
    permissions: Permissions
    topics: tuple[Topic, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        return f"mirab.{self.part}"


def table() -> tuple[Rights, ...]:
    """All parts that reach the broker."""
    return (
        *map(_service, SERVICES),
        *map(_relay, SERVICES),
        _face("public", PUBLIC_REQUESTS),
        _face("agency", agency_face_requests(), hears="agencies.changed.v1"),
        _face("notify-api", NOTIFY_API_REQUESTS),
        _face("desk", desk_requests()),
        _ops(),
    )


def agency_face_requests() -> tuple[str, ...]:
    """All that agencies may call, and what the face asks for itself."""
    granted = (name for name, made in _requests() if made.agency or made.everyone)
    return (*granted, *AGENCY_FACE_REQUESTS)


def desk_requests() -> tuple[str, ...]:
    """What is nobody else's is the colleagues'."""
    health = {contract.name for contract in health_contracts().values()}
    others = {*PUBLIC_REQUESTS, *agency_face_requests(), *NOTIFY_API_REQUESTS, *OPS_REQUESTS}
    own = (name for name, _ in _requests() if name not in others | health)
    return (*own, *SHARED_WITH_DESK)


def ops_requests() -> tuple[str, ...]:
    """Accounts of colleagues, what operators do, and whether each service is well."""
    health = (contract.name for contract in health_contracts().values())
    return (*ACCOUNT_REQUESTS, *OPS_REQUESTS, *health)


def _requests() -> Iterator[tuple[str, Request]]:
    for name, contract in CATALOGUE.items():
        if isinstance(contract, Request):
            yield name, contract


def _names(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$" if patterns else NOTHING


def _of(context: str) -> str:
    """All contracts of a context."""
    return rf"^{context}\."


def _queues(service: str, *kinds: str) -> str:
    return rf"mirab\.{service}\.({'|'.join(kinds)})"


def _quoted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace(".", r"\.") for name in names)


def _service(name: str) -> Rights:
    """It makes and reads its own queues, binds them by its own contracts, answers, and tells relays
    what it has done.
    """
    own = _queues(name, "requests", "commands", "events", "answers", "suspects", "dead")
    sources = _quoted(set(topology.EXCHANGES) - {topology.AGENCY, topology.RECEIPTS})
    return Rights(
        name,
        Permissions(
            configure=_names(own),
            write=_names(own, *_quoted([topology.DEAD, topology.RECEIPTS, DEFAULT_EXCHANGE])),
            read=_names(own, *sorted(sources)),
        ),
        (
            Topic(topology.REQUESTS, read=_of(name)),
            Topic(topology.COMMANDS, read=_of(name)),
            Topic(topology.EVENTS, read=only(EVENTS_HEARD[name])),
            Topic(topology.ANSWERS, read=_of(name)),
        ),
    )


def _relay(service: str) -> Rights:
    """It sends its service's Events, and Commands to whom the service sends them; it reads what
    their receivers have done of them.
    """
    outside = _to_agencies(service)
    targets = [topology.COMMANDS, topology.EVENTS, *([topology.AGENCY] if outside else [])]
    receipts = _queues(service, "receipts")
    return Rights(
        f"{service}-relay",
        Permissions(
            configure=_names(receipts),
            write=_names(receipts, *_quoted(targets)),
            read=_names(receipts, *_quoted([topology.RECEIPTS])),
        ),
        (
            Topic(topology.COMMANDS, write=only([*COMMANDS[service], *own_commands(service)])),
            Topic(topology.EVENTS, write=_of(service)),
            Topic(topology.AGENCY, write=outside or NOTHING),
        ),
    )


def own_commands(service: str) -> list[str]:
    """What a service sends itself; what agencies answer it does not send."""
    answers = {
        made.answer.name for made in CATALOGUE.values() if isinstance(made, Command) and made.answer
    }
    return [
        name
        for name, made in CATALOGUE.items()
        if isinstance(made, Command) and made.context == service and name not in answers
    ]


def _to_agencies(service: str) -> str | None:
    """Inquiry asks agencies what they serve; the agencies service tells them what they hear."""
    if service == "agencies":
        return r"^[a-z0-9-]+\.events$"
    served = [name for name, made in CATALOGUE.items() if isinstance(made, Command) and made.answer]
    return rf"^[a-z0-9-]+\.({'|'.join(_quoted(served))})$" if service == "inquiry" else None


def _face(part: str, requests: Iterable[str], hears: str | None = None) -> Rights:
    """It asks; one that hears an event has a queue of its own process for it."""
    if hears is None:
        permissions = Permissions(write=_names(*_quoted([topology.REQUESTS])))
    else:
        permissions = Permissions(
            configure=_names(OWN_TEMPORARY_QUEUE),
            write=_names(OWN_TEMPORARY_QUEUE, *_quoted([topology.REQUESTS])),
            read=_names(OWN_TEMPORARY_QUEUE, *_quoted([topology.EVENTS])),
        )
    topics = (
        Topic(topology.REQUESTS, write=only(sorted(set(requests)))),
        Topic(topology.EVENTS, read=only([hears] if hears else [])),
    )
    return Rights(part, permissions, topics)


def _ops() -> Rights:
    """It asks for operators, reads dead letters and puts them where they died, looks at all."""
    face = _face("ops", ops_requests())
    permissions = Permissions(
        write=_names(*_quoted([topology.REQUESTS, DEFAULT_EXCHANGE])),
        read=_names(*(_queues(service, "dead") for service in SERVICES)),
    )
    return face._replace(permissions=permissions, tags=("monitoring",))
