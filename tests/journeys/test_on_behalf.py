"""A notary asks in the name of the bank of the demo, by the connector's own command."""

import json

from connector.__main__ import main
from tests.processes import ROOT


def ask(face, capsys, *words):
    """Exit code and what was printed, of a notary's question about collateral."""
    connection = (
        "--url",
        str(face),
        "--key-file",
        str(ROOT / "deploy/local/demo_keys/notary-office.pem"),
        "--key-id",
        "notary-office-demo",
        "--json",
    )
    question = ("--purpose", "bank_collateral", "--key", "9905251782")
    code = main(["ask", *connection, *question, *words])
    reply = capsys.readouterr()
    return code, reply.out + reply.err


def test_a_notary_asks_in_the_name_of_the_bank_that_lets_it(shared_face, capsys, log):
    code, reply = ask(shared_face, capsys, "--on-behalf-of", "agri-bank")
    assert code == 0, reply
    answer = json.loads(reply)
    assert (answer["agency"], answer["on_behalf_of"]) == ("notary-office", "agri-bank")
    assert set(answer["sources"][0]) == {"file_no", "role", "status", "licence", "debt"}
    assert log.rows("agency, on_behalf_of, basis, outcome") == [
        (
            "notary-office",
            "agri-bank",
            "Demo agreement between the bank and the notaries",
            "FOUND",
        )
    ]


def test_it_may_not_in_its_own_name_nor_in_that_of_who_did_not_lend_it(shared_face, capsys, log):
    code, reply = ask(shared_face, capsys)
    assert (code, "purpose.not_granted" in reply) == (1, True)
    code, reply = ask(shared_face, capsys, "--on-behalf-of", "justice")
    assert (code, "delegation.not_given" in reply) == (1, True)
    assert log.rows("outcome") == [("purpose.not_granted",)]
