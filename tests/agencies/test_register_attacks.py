"""Documents and keys that somebody made to do harm: refused by their field, and nothing is done."""

import pytest

from tests.agencies.registrars import document


def faults(refused):
    """Which fields of a document were refused."""
    assert refused["code"] == "field.wrong", refused
    return {fault["field"] for fault in refused["fields"]}


@pytest.mark.parametrize("pattern", ["*", "land_registry.*", "land_registry.sources_of_parcel.v?"])
def test_an_agency_serves_contracts_by_their_whole_names_so_that_the_broker_can_follow(
    register, pattern
):
    refused = register.propose(document(amqp={"serves": [pattern]}))
    assert faults(refused) == {"document.amqp.serves.0"}
