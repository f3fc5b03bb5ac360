"""Attests answers: of an agency's questions, and of a person's own inquiry."""

from bus.call_leaves import call_in_log
from bus.errors import BusError, FieldError, NotFound, RuleBroken
from bus.signatures.keys import PublicKey
from contracts.inquiry.attestations import Attest, Attestation, AttestOwn
from contracts.inquiry.own import OwnProof
from iran.persian import tehran_day
from services.inquiry.askers import asker_of, register_of
from services.inquiry.attestations import signing
from services.inquiry.attestations.fields import fields_of
from services.inquiry.context import Context
from services.inquiry.own_inquiries import inquiries
from services.inquiry.questions.answering import read_again


def attest(context: Context, message: Attest) -> Attestation | BusError:
    """Attest an answer that this agency was given; that it was read again is logged.

    The field ``call`` is the id of this call in the log: by it attestation and receipt belong
    together.

    NotFound ``answer.not_found``; RuleBroken ``attestation.source``,
    ``attestation.holder_key`` or ``attestation.no_key``.
    """
    answer = read_again(context, message.tracking_code)
    if isinstance(answer, BusError):
        return answer
    holder = _holder(context, message.holder_key) if message.holder_key else None
    fields = {**fields_of(answer, message.file_no), "call": call_in_log(context.envelope)}
    return signing.sign(context, fields, holder=holder)


def attest_own(context: Context, message: AttestOwn) -> Attestation:
    """Attest the answer of an own inquiry. NotFound ``own.not_opened``, or ``answer.not_found``
    while it is not answered.
    """
    inquiry = inquiries.read(context, OwnProof(code=message.code, secret=message.secret))
    if inquiry.answer is None:
        raise NotFound("There is no answer yet.", code="answer.not_found")
    fields = fields_of(inquiry.answer, None)
    if message.fields is None:
        return signing.sign(context, fields)
    chosen = {name: fields[name] for name in message.fields if name in fields}
    return signing.sign(context, chosen, openly=True)


def _holder(context: Context, keyid: str) -> PublicKey:
    """The key of the asker with that id, as the register has it now."""
    register = register_of(context.settings)
    credential = register.credential(keyid) if register else None
    if (
        credential is None
        or credential.signs is None
        or credential.agency != asker_of(context.envelope).agency
        or credential.until < tehran_day(context.now)
    ):
        sentence = "This is no Ed25519 key of yours that is in force; name one of them by its id."
        fault = FieldError("holder_key", "attestation.holder_key", sentence)
        raise RuleBroken(sentence, code="attestation.holder_key", fields=[fault])
    return credential.signs
