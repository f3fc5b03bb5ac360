"""A service finds what has moved to another address."""

import socket
import threading

import dns.message
import dns.rrset
import pytest
from eventlet.support import greendns

from bus.process import names

A_DAY = 86_400


@pytest.mark.filterwarnings("ignore:please use dns.resolver:DeprecationWarning")  # eventlet's
def test_a_name_that_has_another_address_now_is_found_there_at_once(tmp_path, monkeypatch):
    """Whatever the server of names lets others keep."""
    monkeypatch.setattr(greendns, "resolver", greendns.resolver)
    names.ask_anew()
    settings = tmp_path / "resolv.conf"
    settings.write_text("nameserver 127.0.0.1\n")
    greendns.resolver._filename = str(settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        greendns.resolver._resolver.port = server.getsockname()[1]

        def answer(address):
            raw, asker = server.recvfrom(512)
            reply = dns.message.make_response(dns.message.from_wire(raw))
            name = reply.question[0].name
            reply.answer.append(dns.rrset.from_text(name, A_DAY, "IN", "A", address))
            server.sendto(reply.to_wire(), asker)

        for address in ("10.0.0.2", "10.0.0.14"):
            thread = threading.Thread(target=answer, args=(address,))
            thread.start()
            (record,) = greendns.resolver.query("scanner.water.test")
            thread.join()
            assert record.address == address
