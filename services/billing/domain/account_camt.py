"""The treasury's account as ISO 20022's camt.053 (bank to customer statement) says it."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from iran.persian import tehran_day
from services.billing.domain.account_statement import (
    TEXT_MOST,
    AccountStatement,
    Chain,
    Fault,
    Movement,
    money,
    wrong,
)
from services.billing.domain.money import Rials

ROOT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}\}Document")
ENTRY = re.compile(r"<(?:[A-Za-z][\w.-]*:)?Ntry[\s>]")
AMOUNT = re.compile(r"([0-9]{1,15})(?:\.0{1,5})?")
CURRENCY, BOOKED = "IRR", "BOOK"


def read(text: str) -> AccountStatement:
    """Read the statements of a document, each of which continues the one before it.

    Raises RuleBroken ``file.wrong`` that names the lines of wrong entries. Entries that are not
    booked yet (pending) are no part of the balance, and are left out.
    """
    elements = _statements(text)
    lines = iter([text.count("\n", 0, match.start()) + 1 for match in ENTRY.finditer(text)])
    chain, faults = Chain(), list[Fault]()
    for element in elements:
        faults += _read_statement(chain, element, lines)
    statement = chain.statement()
    if faults or statement is None:
        raise wrong(faults)
    return statement


def _read_statement(chain: Chain, element: Element, lines: Iterator[int]) -> list[Fault]:
    """Add a statement to the chain; what is wrong about it, by the lines of its entries."""
    faults, line = list[Fault](), 1
    try:
        chain.of(_account(element))
        chain.begin(_balance(element, "OPBD", "PRCD"))
    except ValueError as error:
        faults.append(Fault(1, str(error)))
    for entry in _children(element, "Ntry"):
        line = next(lines, line)
        try:
            if (_text(entry, "Sts", "Cd") or _text(entry, "Sts")) == BOOKED:
                chain.add(_movement(entry, line))
        except ValueError as error:
            faults.append(Fault(line, str(error)))
    try:
        chain.end(_balance(element, "CLBD"))
    except ValueError as error:
        faults.append(Fault(line, str(error), "file.balance"))
    return faults


def _statements(text: str) -> Sequence[Element]:
    if "<!" in text.replace("<!--", ""):
        raise wrong([Fault(1, "A statement has no document type.", "file.head")])
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff"))  # noqa: S314 - no document type
    except (ElementTree.ParseError, ValueError) as error:
        raise wrong([Fault(1, f"It is no XML: {error}", "file.head")]) from None
    statements = [
        entry for part in _children(root, "BkToCstmrStmt") for entry in _children(part, "Stmt")
    ]
    if not ROOT.fullmatch(root.tag) or not statements:
        raise wrong([Fault(1, "It is no camt.053 with a statement.", "file.head")])
    return statements


def _children(element: Element, *path: str) -> Iterator[Element]:
    """The descendants along a path of names, in whichever version of the namespace."""
    if not path:
        yield element
        return
    for child in element:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2] == path[0]:
            yield from _children(child, *path[1:])


def _texts(element: Element, *path: str) -> list[str]:
    return [" ".join((child.text or "").split()) for child in _children(element, *path)]


def _text(element: Element, *path: str) -> str:
    return next((text for text in _texts(element, *path) if text), "")


def _account(statement: Element) -> str:
    of_iban = _text(statement, "Acct", "Id", "IBAN")
    return of_iban or _text(statement, "Acct", "Id", "Othr", "Id")


def _rials(element: Element) -> Rials:
    amounts = list(_children(element, "Amt"))
    match = AMOUNT.fullmatch((amounts[0].text or "").strip()) if len(amounts) == 1 else None
    if match is None or amounts[0].get("Ccy") != CURRENCY:
        raise ValueError("needs one amount in whole rials (IRR)")
    sides = {"CRDT": 1, "DBIT": -1}
    side = _text(element, "CdtDbtInd")
    if side not in sides:
        raise ValueError("needs CRDT or DBIT")
    return sides[side] * money(match[1])


def _balance(statement: Element, *codes: str) -> Rials:
    for balance in _children(statement, "Bal"):
        if _text(balance, "Tp", "CdOrPrtry", "Cd") in codes:
            return _rials(balance)
    raise ValueError(f"needs the balance {codes[0]}")


def _movement(entry: Element, line: int) -> Movement:
    ref = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    parts = [
        *_texts(entry, "AddtlNtryInf"),
        *_texts(entry, "NtryDtls", "TxDtls", "Refs", "EndToEndId"),
        *_texts(entry, "NtryDtls", "TxDtls", "RmtInf", "Ustrd"),
    ]
    text = " ".join(part for part in parts if part)
    return Movement(line, _day(entry), _rials(entry), ref[:60], text[:TEXT_MOST])


def _day(entry: Element) -> dt.date:
    day, moment = _text(entry, "BookgDt", "Dt"), _text(entry, "BookgDt", "DtTm")
    if day:
        return dt.date.fromisoformat(day)
    return tehran_day(dt.datetime.fromisoformat(moment))
