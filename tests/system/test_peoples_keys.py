"""`hoeksteen adviser-key` and `recovery-key` against a whole installation, as people type them."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hoeksteen_client import AdviserKey, GatewayClient, seal
from hoeksteen_client.recovery import make_recovery_key
from hoeksteen_client.sealing import key_id_of
from shared.cli.adviser_key import stream_of
from shared.cli.who import base64_of
from shared.ledger.files import LedgerFolder
from shared.local import documents
from shared.local.session import Installation
from shared.local.story import Person
from tests.system.conftest import HOEKSTEEN
from tests.system.people import until

Run = Callable[..., subprocess.CompletedProcess[str]]


class Desk:
    """A folder of somebody's with key files, and the command line."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.folder = folder
        self.organisation = uuid4()
        self.people: dict[str, Person] = {}
        (folder / "passphrase").write_text("een lange wachtzin\n")
        admin = self.person("beheer", "admin")
        admin.do(
            documents.SET_UP_ORGANISATION,
            organisationId=str(self.organisation),
            name="Sleutelbedrijf",
            language="NL",
            units=[{"id": "whole", "name": "Het geheel", "headcount": 400}],
            advisers=[{"id": "anna", "name": "Anna"}, {"id": "bram", "name": "Bram"}],
            release={
                "policy": "EXACT",
                "dimension": "CATEGORY",
                "k": 5,
                "worksCouncilOn": "2025-01-20",
            },
        )

    def person(self, subject: str, role: str) -> Person:
        """Somebody, signed in."""
        name = f"{subject} {role}"
        if name not in self.people:
            of = None if role == "admin" else self.organisation

            def token(_: object = None) -> str:
                return self.installation.token(subject, role, of)

            url, first = self.installation.gateway_url, token()
            self.people[name] = Person(GatewayClient(url, first, renew=token), first)
        return self.people[name]

    def close(self) -> None:
        for person in self.people.values():
            person.client.close()

    def run(
        self, *arguments: str, sub: str | None = "anna", status: int = 0, locked: bool = True
    ) -> str:
        """One command, to its end; what it said."""
        who = () if sub is None else ("--organisation", str(self.organisation), "--sub", sub)
        secret = ("--passphrase-file", str(self.folder / "passphrase")) if locked else ()
        done = subprocess.run(
            (*HOEKSTEEN, *arguments, *who, *secret),
            env=os.environ | {"HOEKSTEEN_HOME": str(self.installation.home.path)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert status == done.returncode, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def key(self, name: str) -> AdviserKey:
        return AdviserKey.load(self.folder / name, "een lange wachtzin")


@pytest.fixture
def desk(installation: Installation, tmp_path: Path) -> Any:
    desk = Desk(installation, tmp_path)
    yield desk
    desk.close()


def test_an_advisers_key_from_first_to_stolen(desk: Desk) -> None:
    """Made, published, rotated, exported, checked, lost, stolen; each step says what it did, and `check`
    finds the key that somebody else published in the adviser's name.
    """
    desk.run("adviser-key", "new", "one.key", sub=None)
    assert "is there already" in desk.run("adviser-key", "new", "one.key", sub=None, status=1)
    one = desk.key("one.key")
    said = desk.run("adviser-key", "publish", "one.key")
    assert str(stream_of(desk.organisation, one.key_id)) in said
    assert "This exists already" in desk.run("adviser-key", "publish", "one.key", status=1)
    desk.run("adviser-key", "new", "two.key", sub=None)
    assert "not your current key" in desk.run("adviser-key", "rotate", "two.key", "x", status=1)
    assert not (desk.folder / "x").exists()
    assert "rotate it" in desk.run("adviser-key", "publish", "two.key", status=1)
    desk.run("adviser-key", "rotate", "one.key", "two.key")
    two = desk.key("two.key")
    desk.run(
        *("adviser-key", "export", "two.key", "copy.key"),
        *("--new-passphrase-file", str(desk.folder / "passphrase")),
        sub=None,
    )
    assert two.key_id == desk.key("copy.key").key_id
    said = desk.run("adviser-key", "list", locked=False)
    assert f"{one.key_id}  retired" in said
    assert f"{two.key_id}  current" in said

    # After the next daily moment a signed checkpoint covers both publications.
    folder = LedgerFolder(desk.installation.home.ledger)
    before = folder.newest_note("intake", desk.organisation)
    desk.installation.move_clock(desk.installation.now() + timedelta(days=1))
    until(lambda: folder.newest_note("intake", desk.organisation) != before)
    until(lambda: "2 are proven" in desk.run("adviser-key", "check", "one.key", "two.key"))
    assert "Exactly your own keys" in desk.run("adviser-key", "check", "one.key", "two.key")
    said = desk.run("adviser-key", "check", "two.key", status=1)
    assert f"none of these: {one.key_id}" in said

    # Somebody signs in as Anna without her device.
    false = AdviserKey.generate()
    assert false.signing_public is not None
    anna = desk.person("anna", "adviser")
    anna.do(
        "mutation ($input: WithdrawAdviserKeyInput!) { withdrawAdviserKey(input: $input) {"
        " ... on WithdrawAdviserKeyPayload { keyId } ... on UserError { code message } } }",
        keyId=str(two.key_id),
        reason="LOST",
    )
    anna.do(
        documents.PUBLISH_ADVISER_KEY,
        publicKey=base64_of(false.public),
        signingKey=base64_of(false.signing_public),
        proof=base64_of(false.prove(organisation=desk.organisation, adviser_id="anna")),
    )
    said = desk.run("adviser-key", "check", "one.key", "two.key", status=1)
    assert f"none of these: {false.key_id} (current)" in said
    assert "somebody else did" in said

    said = desk.run("adviser-key", "stolen", locked=False)
    assert f"The key {false.key_id} is called stolen" in said
    assert "no current key" in desk.run("adviser-key", "lost", locked=False, status=1)
    desk.run("adviser-key", "new", "three.key", sub=None)
    desk.run("adviser-key", "publish", "three.key")


def test_a_lost_case_comes_back_with_three_of_five_shares(desk: Desk) -> None:
    """A ceremony, a second person, a lost device; two shares do not do, a forged one is named, and with
    three the case's words are the adviser's again.
    """
    desk.run("adviser-key", "new", "anna.key", sub=None)
    desk.run("adviser-key", "publish", "anna.key")
    desk.run(
        *("recovery-key", "make", "record.json", "--to", "shares"),
        *("--organisation", str(desk.organisation)),
        sub=None,
        locked=False,
    )
    record = json.loads((desk.folder / "record.json").read_text())
    desk.run("recovery-key", "publish", "record.json", "anna.key")
    desk.run("recovery-key", "confirm", record["key"], sub="wim", locked=False)

    key = desk.key("anna.key")
    case, recovery = uuid4(), b64decode(record["public"])
    copies = [
        (
            key_id_of(public),
            seal(
                "Wat er gebeurde.",
                organisation=desk.organisation,
                case=case,
                key_id=key_id_of(public),
                public_key=public,
            ),
        )
        for public in (key.public, recovery)
    ]
    anna = desk.person("anna", "adviser")
    anna.do(
        documents.OPEN_CASE,
        caseId=str(case),
        channel="walk_in",
        anonymity="confidential",
        reporterRole="employee",
        relation="colleague",
        category="bullying",
        words=[{"keyId": str(name), "ciphertext": base64_of(one)} for name, one in copies],
        signature=base64_of(key.sign_words(copies, organisation=desk.organisation, case=case)),
    )
    desk.run("adviser-key", "lost", locked=False)
    desk.run("adviser-key", "new", "new.key", sub=None)
    desk.run("adviser-key", "publish", "new.key")
    take = ("recovery-key", "combine", "record.json", "--case", str(case), "--key", "new.key")
    three = [f"--share=shares/share-{number}.txt" for number in (1, 3, 5)]
    anna.do(
        "mutation ($input: RequestRecoveryInput!) { requestRecovery(input: $input) {"
        " ... on RequestRecoveryPayload { caseId } ... on UserError { code message } } }",
        caseId=str(case),
        reason="DEVICE_LOST",
    )
    assert "no approved recovery" in desk.run(*take, *three, status=1)
    desk.person("wim", "works_council").do(
        "mutation ($input: ApproveRecoveryInput!) { approveRecovery(input: $input) {"
        " ... on ApproveRecoveryPayload { caseId } ... on UserError { code message } } }",
        caseId=str(case),
    )
    assert "3 shares are needed, and 2 were given" in desk.run(*take, *three[:2], status=1)
    (desk.folder / "forged.txt").write_text(make_recovery_key(desk.organisation).shares[4])
    assert "Share 5 is not what was handed out" in desk.run(
        *take, *three[:2], "--share=forged.txt", status=1
    )
    assert "These shares make the recovery key" in desk.run(
        "recovery-key", "combine", "record.json", *three, sub=None, locked=False
    )
    assert "1 entries of the case are sealed" in desk.run(*take, *three)
    seen = anna.ask(
        "query ($id: ID!) { case(id: $id) { entries { kind sealed { keyId ciphertext } } } }",
        id=str(case),
    )
    mine = desk.key("new.key")
    (sealed,) = [one for one in seen["entries"][0]["sealed"] if one["keyId"] == str(mine.key_id)]
    assert "Wat er gebeurde." == mine.open(
        b64decode(sealed["ciphertext"]), organisation=desk.organisation, case=case
    )


def test_somebody_else_is_told_so(desk: Desk) -> None:
    """Another role, an organisation that is not there or no id at all, and a key that is no file."""
    folder, here = desk.folder, desk.installation
    (folder / "hr.token").write_text(here.token("hr", "hr", desk.organisation))
    through = ("--gateway", here.gateway_origin, "--token-file", "hr.token")
    said = desk.run("adviser-key", "list", *through, sub=None, locked=False, status=1)
    assert said == "The role that you signed in with cannot do this.\n"
    nobody = ("--organisation", str(uuid4()))
    said = desk.run("adviser-key", "list", *nobody, sub=None, locked=False, status=1)
    assert said == "There is no such organisation.\n"
    said = desk.run("adviser-key", "list", "--organisation", "x", sub=None, locked=False, status=1)
    assert said == "An organisation's id is a UUID.\n"
    desk.run("adviser-key", "new", "one.key", sub=None)
    said = desk.run("adviser-key", "check", "one.key", "--log-key", "none", status=1)
    assert said == "none cannot be read (No such file or directory).\n"
