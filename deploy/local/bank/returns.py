"""What each bank has the browser bring back to the payee: fields by how the payment ended."""

from deploy.local.bank.state import Payment


def _sep_fields(p: Payment, outcome: str) -> dict[str, str]:
    state, status = {
        "PAID": ("OK", "2"),
        "CANCELLED": ("CanceledByUser", "1"),
        "EXPIRED": ("SessionIsNull", "4"),
    }.get(outcome, ("Failed", "3"))
    return {
        "MID": p.terminal,
        "TerminalId": p.terminal,
        "State": state,
        "Status": status,
        "RRN": p.ref[3:],
        "RefNum": p.ref,
        "ResNum": p.order,
        "TraceNo": "1",
        "Amount": str(p.amount),
        "SecurePan": "621986******0000",
        "HashedCardNumber": "A" * 64,
    }


def _behpardakht_fields(p: Payment, outcome: str) -> dict[str, str]:
    code = {"PAID": "0", "CANCELLED": "17", "EXPIRED": "415"}.get(outcome, "11")
    return {
        "RefId": p.token,
        "ResCode": code,
        "SaleOrderId": p.order,
        "SaleReferenceId": p.ref,
        "CardHolderInfo": "A" * 64,
        "CardHolderPan": "610433******0000",
        "FinalAmount": str(p.amount),
    }


def _sadad_fields(p: Payment, outcome: str) -> dict[str, str]:
    return {"OrderId": p.order, "token": p.token, "ResCode": "0" if outcome == "PAID" else "-1"}


RETURNS = {"sep": _sep_fields, "behpardakht": _behpardakht_fields, "sadad": _sadad_fields}
