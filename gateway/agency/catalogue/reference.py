"""The reference of this face: who may ask what, by which codes it is refused, sample messages."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import orjson

from bus.errors import ContractError
from bus.messages.values import Json
from contracts import Request, agency_contracts, catalogue
from contracts.agencies.sandbox import PER_DAY, WITH_PURPOSE, WITHOUT_PURPOSE
from contracts.inquiry.questions import PURPOSES
from gateway.agency.catalogue import openapi
from gateway.announcements import AnnouncementCache
from gateway.http.problems import describe
from gateway.reference.examples import BY_NAME
from gateway.reference.panels import Kind, Panel, panels_of
from gateway.reference.samples import signed
from gateway.reference.site import Ending, Service, Site

# tests/house/raised_codes.py reads them off the services' code.
RAISED: Mapping[str, list[str]] = orjson.loads(Path(__file__).with_name("raised.json").read_bytes())
# Answers as the sandbox gives them; of other contracts they are made from their schemas.
ANSWERS: Mapping[str, object] = orjson.loads(Path(__file__).with_name("answers.json").read_bytes())
# What the door refuses any call with; docs/join.md tells in which order it checks.
AT_THE_DOOR = (
    "signature.missing",
    "signature.bad",
    "signature.expired",
    "signature.unknown_key",
    "signature.replayed",
    "digest.mismatch",
    "contract.broken",
    "contract.not_granted",
    "limit.reached",
    "service.maintenance",
)
ID = "2f1c6d0e-7a54-4c39-9d0b-6a1f5be2c3d4"
# Of contracts whose fields hang together, so that their form alone makes no message.
BODIES: Mapping[str, object] = {
    "agencies.rotate_keys.v1": {
        "keys": [
            {
                "kid": "fuel-co-2027",
                "until": "2027-03-20",
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "proof": "header.claims.signature",
            }
        ]
    },
    "inquiry.ask.v1": openapi.QUESTION,
    "inquiry.rate_answer.v1": {"tracking_code": "Q-T29D-DBQY-Y45J", "score": 5, "solved": True},
    "inquiry.submit_batch.v1": {
        "purpose": "fuel_quota",
        "keys": [
            {"key_kind": "national_id", "key": "9905251782"},
            {"key_kind": "national_id", "key": "9900000013"},
        ],
    },
    "notify.draft_template.v1": {
        "code": "quota_ready",
        "channel": "sms",
        "name": "سهمیه سوخت آماده است",
        "texts": {"fa": {"body": "((name)) گرامی، سهمیه سوخت شما آماده است."}},
    },
    "notify.preview.v1": {"template": "quota_ready", "personalisation": {"name": "سارا"}},
    "notify.replay_callback.v1": {"callback": ID, "since": "2026-11-23T08:30:00Z"},
    "notify.send.v1": {
        "template": "quota_ready",
        "to": {"mobile": "09900000001"},
        "personalisation": {"name": "سارا"},
    },
    "notify.submit_job.v1": {
        "name": "Quotas of Azar",
        "template": "quota_ready",
        "job": ID,
        "piece": "phone number,name\n09900000001,سارا\n",
    },
}
RANK = {"inquiry": 0, "agencies": 1, "billing": 2, "notify": 3, "ticketing": 4, "calls": 5}


def who_may_call(name: str) -> tuple[str, ...]:
    """Return the sentences on who may call a contract."""
    contract = catalogue().get(name)
    if not isinstance(contract, Request) or contract.everyone:
        return ("Every registered agency, without a grant.",)
    grant = f"An agency with a grant for {name} or {contract.context}.* that is in force."
    sentences = [grant]
    if contract.judges_purpose:
        sentences.append(
            "The question states a purpose that the grant names: "
            f"{', '.join(_purposes(contract))}. The answer holds the blocks of that purpose."
        )
    if contract.delegable:
        sentences.append("Also in the name of another agency that delegates it.")
    if name in WITH_PURPOSE:
        sentences.append(
            f"A key of the sandbox may call it for {WITH_PURPOSE[name]}, {PER_DAY:,} times a day."
        )
    elif name in WITHOUT_PURPOSE:
        sentences.append("A key of the sandbox may call it.")
    return tuple(sentences)


def _purposes(contract: Request) -> tuple[str, ...]:
    declared = contract.schema.fields["purpose"].metadata.get("enum")
    return tuple(declared) if declared else PURPOSES


def in_sandbox(name: str) -> bool:
    """Return True if a key of the sandbox may call a contract."""
    contract = catalogue().get(name)
    everyone = isinstance(contract, Request) and contract.everyone
    return everyone or name in WITH_PURPOSE or name in WITHOUT_PURPOSE


def errors(name: str) -> tuple[str, ...]:
    """Return the codes of problems that the service of a contract may answer with."""
    return tuple(RAISED.get(name, ()))


def refusal(name: str, path: str) -> Json | None:
    """Return the problem that a contract answers an empty message with; None if it takes one."""
    contract = catalogue().get(name)
    if not isinstance(contract, Request):
        return None
    try:
        contract.load_data({})
    except ContractError as error:
        return describe(error, instance=path, trace_id=str(BY_NAME["trace_id"]))
    return None


def callers_of(code: str) -> tuple[str, ...]:
    """Return the contracts that a code may refuse, in the order of their names."""
    return tuple(name for name, codes in RAISED.items() if code in codes)


@cache
def panels(base: str, *, sandbox: bool) -> tuple[Panel, ...]:
    """Return the panels of all contracts for agencies: those asked most first."""
    document = orjson.loads(openapi.openapi(sandbox=sandbox))
    kind = Kind(signed.samples, who_may_call, errors, BODIES, ANSWERS, refusal)
    names = {contract.name for contract in agency_contracts()}
    listed = [p for p in panels_of(document, base, kind, openapi.TAGS) if p.name in names]
    listed.sort(key=lambda panel: (RANK[panel.service], panel.name.endswith("health.v1")))
    return tuple(listed)


def site(base: str, announcements: AnnouncementCache, portal: str, *, sandbox: bool) -> Site:
    """Return the pages of the reference of the face that is reached at ``base``."""

    def ending(name: str) -> Ending | None:
        end = announcements.ending(name)
        if end is None:
            return None
        return Ending(f"{end.last_day}", f"{portal}/status/{end.id}" if portal else "")

    return Site(
        title="Mirab for agencies",
        base=base,
        home="reference/agency_home.html",
        about="Ask the water company over its service bus: the status of subscribers, licences and "
        "water sources, bills, messages and call-backs. Every request and every answer is signed.",
        services=tuple(Service(name, openapi.TAGS[name]) for name in RANK if name != "calls"),
        panels=panels(base, sandbox=sandbox),
        at_the_door=AT_THE_DOOR,
        sandbox=sandbox,
        console=True,
        trial=in_sandbox,
        ending=ending,
    )
