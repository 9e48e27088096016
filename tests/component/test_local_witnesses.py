"""The two witnesses of local mode: made once, asked for both, and labelled for what they are."""

from __future__ import annotations

from uuid import uuid4

import pytest

from shared.ledger.checkpoint import origin
from shared.ledger.files import log_key
from shared.ledger.policy import Policy
from shared.ledger.witness.state import Witness
from shared.local.home import Home
from shared.local.problem import LocalProblem
from shared.local.session import SERVICES, WITNESSES, Ports
from shared.local.topology import topology
from shared.local.witnesses import prepare_witnesses


def test_both_owners_make_the_quorum(home: Home) -> None:
    """The policy of a home wants both, knows the three services' logs, and says that it proves little."""
    prepare_witnesses(home, Ports(9000))
    policy = Policy.load(home.witness_policy)
    assert list(WITNESSES) == [each.name for each in policy.witnesses]
    assert ["http://127.0.0.1:9007", "http://127.0.0.1:9008"] == [
        each.url for each in policy.witnesses
    ]
    assert not policy.met_by(WITNESSES[:1])
    assert not policy.met_by(WITNESSES[1:])
    assert policy.met_by(WITNESSES)
    for service in SERVICES:
        public = log_key(home.log_key(service)).public_key().public_bytes_raw()
        name = origin(service, uuid4())
        assert [(name, public)] == [(each.name, each.public_key) for each in policy.log_keys(name)]
    assert "NOT INDEPENDENT" in home.witness_policy.read_text()


def test_they_trust_the_services_of_their_home(home: Home) -> None:
    """Each witness trusts the keys that the policy names, and keeps them over further starts."""
    for base in (9000, 9100):
        prepare_witnesses(home, Ports(base))
    policy = Policy.load(home.witness_policy)
    for witness in policy.witnesses:
        folder = Witness(home.witness(witness.name))
        assert witness.cosigner == folder.cosigner
        assert [each.verifier for each in policy.logs] == folder.trusted()
    assert ["http://127.0.0.1:9107", "http://127.0.0.1:9108"] == [
        each.url for each in policy.witnesses
    ]


def test_services_are_told_the_policy_and_wait_for_no_witness(home: Home) -> None:
    """The witnesses start beside everything else; a service that waited would depend on them."""
    programs = {each.name: each for each in topology(home, Ports(9000)).programs}
    for witness in WITNESSES:
        assert () == programs[witness].after
        assert not any(witness in each.after for each in programs.values())
    for service in SERVICES:
        assert str(home.witness_policy) == programs[service].environment["HOEKSTEEN_WITNESS_POLICY"]


def test_a_witness_whose_key_was_exchanged_is_told(home: Home) -> None:
    """A folder whose key is not the one that it published stops the start with a sentence."""
    prepare_witnesses(home, Ports(9000))
    (home.witness(WITNESSES[0]) / "witness.key").write_bytes(bytes(32))
    with pytest.raises(LocalProblem, match="not the one of its"):
        prepare_witnesses(home, Ports(9000))
