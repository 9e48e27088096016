"""Policies as c2sp.org/tlog-policy has them: what is read, what is refused, when a quorum is met."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.ledger.cosignature import CosignatureSigner
from shared.ledger.policy import NO_POLICY, Policy, PolicyError

VECTORS = Path(__file__).parents[1] / "vectors" / "tlog-cosignature"
TEXT = "log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ORIGIN = "hoeksteen.local/intake/8f0cf1f6-58c2-4a9c-9b5a-2d7f4a3f1c11"


def key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number] * 32))


def vkey(name: str, number: int, algorithm: int) -> str:
    """A vkey by the formula of c2sp.org/signed-note, not by our own code."""
    raw = bytes([algorithm]) + key(number).public_key().public_bytes_raw()
    identity = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{identity}+{base64.b64encode(raw).decode()}"


LOG = vkey("log.example", 100, 1)
W = [vkey(f"witness.example/w{number}", number, 4) for number in range(40)]

# The example of the specification, with keys.
EXAMPLE = f"""log {LOG}

witness X1 {W[1]}
witness X2 {W[2]}
witness X3 {W[3]}
group X-witnesses 2 X1 X2 X3

witness Y1 {W[4]}
witness Y2 {W[5]}
witness Y3 {W[6]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


@pytest.mark.parametrize(
    ("names", "met", "missing"),
    [
        ("X1 X2 Y3", True, []),
        ("X1 X2 X3 Y1 Y2 Y3", True, []),
        ("X1 Y1", False, ["X-witnesses"]),
        ("X1 X2 X3", False, ["Y-witnesses"]),
        ("", False, ["X-witnesses", "Y-witnesses"]),
        ("X1 X1 Y1", False, ["X-witnesses"]),
        ("Z Y1", False, ["X-witnesses"]),
    ],
)
def test_the_example_of_the_specification(names: str, met: bool, missing: list[str]) -> None:
    """Two of the X-witnesses and one of the Y-witnesses make the quorum; else an owner is wanted."""
    policy = Policy.parse(EXAMPLE)
    assert met is policy.met_by(names.split())
    assert missing == policy.missing(names.split())


def test_a_policy_without_witnesses() -> None:
    """`quorum none` is a policy that every checkpoint meets."""
    policy = Policy.parse("quorum none\n")
    assert policy.met_by([])
    assert [] == policy.missing([])
    assert policy == NO_POLICY


def test_a_quorum_of_one_witness() -> None:
    """The quorum may be a witness itself, which is then the one that is missing."""
    policy = Policy.parse(f"witness w {W[1]}\nquorum w\n")
    assert not policy.met_by([])
    assert ["w"] == policy.missing([])
    assert policy.met_by(["w"])


def test_whitespace_comments_and_addresses() -> None:
    """Tabs, spaces, empty and comment lines are allowed everywhere; addresses are kept as written."""
    policy = Policy.parse(
        f"\n# comment\n\t # another\n\twitness \t w1  {W[1]}   https://w1.example/  \n\n"
        f"log {LOG} https://log.example/\n  quorum\tw1"
    )
    assert [("w1", "https://w1.example/")] == [(each.name, each.url) for each in policy.witnesses]
    assert ["https://log.example/"] == [each.url for each in policy.logs]
    assert ["log.example"] == [each.name for each in policy.log_keys("log.example")]


def test_names_are_octets() -> None:
    """K and the Kelvin sign are two names, a no-break space separates nothing, not even UTF-8 is asked."""
    policy = Policy.parse(
        f"witness K {W[1]}\nwitness \u212a {W[2]}\nwitness a\u00a0b {W[3]}\n".encode()
        + f"witness \udcff {W[4]}\n".encode(errors="surrogateescape")
        + b"group g 4 K \xe2\x84\xaa a\xc2\xa0b \xff\nquorum g\n"
    )
    assert not policy.met_by(["K", "a\u00a0b"])
    assert policy.met_by([each.name for each in policy.witnesses])


def test_keywords_are_names_too() -> None:
    """Only `none` is reserved: witnesses may be called all and any, a group may be called group."""
    policy = Policy.parse(
        f"witness all {W[1]}\nwitness any {W[2]}\ngroup group 2 all any\nquorum group\n"
    )
    assert policy.met_by(["all", "any"])


REFUSED = {
    "control character": (f"witness w {W[1]}\nquorum \x01w\n", 2),
    "carriage return": ("quorum none\r\n", 1),
    "delete": ("quorum none\n# \x7f\n", 2),
    "null": ("\x00quorum none\n", 1),
    "unknown keyword": ("quibble w\nquorum none\n", 1),
    "keyword in capitals": ("QUORUM none\n", 1),
    "comment behind a definition": (f"witness w {W[1]} https://w/ # one\nquorum w\n", 1),
    "log without key": ("log\nquorum none\n", 1),
    "log with garbage": ("log garbage\nquorum none\n", 1),
    "log with a witness's key": (f"log {W[1]}\nquorum none\n", 1),
    "the same log twice": (f"log {LOG}\nlog {LOG} https://log/\nquorum none\n", 2),
    "a log's key under another name": (
        f"log {LOG}\nlog {vkey('other.example', 100, 1)}\nquorum none\n",
        2,
    ),
    "witness without key": ("witness w\nquorum none\n", 1),
    "witness with a log's key": (f"witness w {vkey('w', 1, 1)}\nquorum w\n", 1),
    "witness with another algorithm": (f"witness w {vkey('w', 1, 6)}\nquorum w\n", 1),
    "witness with a wrong key id": (f"witness w {W[1].replace('+', '+0', 1)}\nquorum w\n", 1),
    "witness called none": (f"witness none {W[1]}\nquorum none\n", 1),
    "witness name twice": (f"witness w {W[1]}\nwitness w {W[2]}\nquorum w\n", 2),
    "witness key twice": (
        f"witness w {W[1]}\nwitness v {vkey('another', 1, 4)}\nquorum w\n",
        2,
    ),
    "group named as a witness": (f"witness w {W[1]}\ngroup w any w\nquorum w\n", 2),
    "group called none": (f"witness w {W[1]}\ngroup none any w\nquorum none\n", 2),
    "group without members": (f"witness w {W[1]}\ngroup g 1\nquorum w\n", 2),
    "group of 0": (f"witness w {W[1]}\ngroup g 0 w\nquorum g\n", 2),
    "group of -1": (f"witness w {W[1]}\ngroup g -1 w\nquorum g\n", 2),
    "group of +1": (f"witness w {W[1]}\ngroup g +1 w\nquorum g\n", 2),
    "group of 2 of 1": (f"witness w {W[1]}\ngroup g 2 w\nquorum g\n", 2),
    "group of words": (f"witness w {W[1]}\ngroup g most w\nquorum g\n", 2),
    "unknown member": (f"witness w {W[1]}\ngroup g any v\nquorum g\n", 2),
    "member defined later": (f"group g any w\nwitness w {W[1]}\nquorum g\n", 1),
    "member none": (f"witness w {W[1]}\ngroup g any none w\nquorum g\n", 2),
    "group in itself": (f"witness w {W[1]}\ngroup g any w g\nquorum g\n", 2),
    "member twice in a group": (f"witness w {W[1]}\ngroup g all w w\nquorum g\n", 2),
    "member of two groups": (
        f"witness w {W[1]}\nwitness v {W[2]}\ngroup g any w v\ngroup h any w\nquorum g\n",
        4,
    ),
    "two quorums": (f"witness w {W[1]}\nquorum w\nquorum w\n", 3),
    "unknown quorum": ("quorum w\n", 1),
    "quorum before its name": (f"quorum w\nwitness w {W[1]}\n", 1),
    "quorum without a name": ("quorum\n", 1),
    "quorum of two names": (f"witness w {W[1]}\nquorum w w\n", 2),
}


@pytest.mark.parametrize(("text", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_faults_are_named_by_their_line(text: str, line: int) -> None:
    """Each fault refuses the whole policy, in one sentence that names the line."""
    with pytest.raises(PolicyError, match=rf"^Line {line} of the policy: .+\.$"):
        Policy.parse(text)


def test_a_policy_must_say_its_quorum() -> None:
    """A policy without a quorum line is refused: silence is not 'none'."""
    for text in ("", f"witness w {W[1]}\n", "# quorum none\n"):
        with pytest.raises(PolicyError, match="no quorum line"):
            Policy.parse(text)


def test_limits() -> None:
    """32 logs, witnesses and groups are read; a policy without end is not."""
    logs = "".join(f"log {vkey(f'log.example/{n}', 100 + n, 1)}\n" for n in range(32))
    witnesses = "".join(f"witness w{n} {W[n]}\n" for n in range(32))
    chain = "group g0 any w0\n" + "".join(f"group g{n} all w{n} g{n - 1}\n" for n in range(1, 32))
    policy = Policy.parse(f"{logs}{witnesses}{chain}quorum g31\n")
    everybody = [f"w{n}" for n in range(32)]
    assert policy.met_by(everybody)
    assert not policy.met_by(everybody[1:])
    assert ["g30"] == policy.missing(everybody[1:])
    more = "".join(f"log {vkey(f'log.example/{n}', n, 1)}\n" for n in range(65))
    with pytest.raises(PolicyError, match="Line 65 "):
        Policy.parse(f"{more}quorum none\n")
    with pytest.raises(PolicyError, match="longer"):
        Policy.parse("#" * (1 << 20) + "\nquorum none\n")


def test_a_services_key_stands_for_its_organisations() -> None:
    """A key whose name ends in /* signs every log one step below, and no other."""
    policy = Policy.parse(f"log {vkey('hoeksteen.local/intake/*', 9, 1)}\nlog {LOG}\nquorum none\n")
    public = key(9).public_key().public_bytes_raw()
    assert [(ORIGIN, public)] == [(each.name, each.public_key) for each in policy.log_keys(ORIGIN)]
    for other in (
        ORIGIN.replace("intake", "signals"),
        "hoeksteen.local/intake/",
        "hoeksteen.local/intake",
        "hoeksteen.local/intake/a/b",
        "hoeksteen.local/intake/a b",
        "hoeksteen.local/intake/a+b",
        "x/hoeksteen.local/intake/a",
        "hoeksteen.local/intakes/a",
        "log.example/a",
    ):
        assert [] == policy.log_keys(other)


def test_cosignatures_carry_the_policys_names() -> None:
    """Who cosigned is told under the names of the policy, whatever name the key has."""
    lines = "".join(
        CosignatureSigner(f"witness.example/w{number}", key(number)).cosign(TEXT, 1000 + number)
        for number in (1, 4, 30)
    )
    found = Policy.parse(EXAMPLE).cosigned(f"{TEXT}\n{lines}".encode())
    assert [("X1", 1001), ("Y1", 1004)] == [(each.name, each.timestamp) for each in found]


def test_a_public_log_under_a_policy() -> None:
    """A policy over real public keys finds its quorum under a real public checkpoint."""
    keys = json.loads((VECTORS / "keys.json").read_text())
    lines = "".join(f"witness w{n} {each}\n" for n, each in enumerate(keys["witnesses"]))
    policy = Policy.parse(f"log {keys['log']}\n{lines}group g all w0 w1 w2\nquorum g\n")
    names = [each.name for each in policy.cosigned((VECTORS / "checkpoint").read_bytes())]
    assert policy.met_by(names)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing policy is told in a sentence."""
    with pytest.raises(PolicyError, match="cannot be read"):
        Policy.load(tmp_path / "policy")
    (tmp_path / "policy").write_text(EXAMPLE)
    assert Policy.parse(EXAMPLE) == Policy.load(tmp_path / "policy")
