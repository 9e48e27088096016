"""People of a fictional organisation, signed in at a running installation, for system tests."""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
from pypdf import PdfReader
from rich.console import Console

from hoeksteen_client import AdviserKey, GatewayClient, GatewayError, seal
from shared.cli.import_register import run as import_register
from shared.local import documents
from shared.local.session import Installation
from shared.local.story import Person
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period

DATA = Path(__file__).parent.parent / "data"


def text_of(pdf: bytes) -> str:
    """All text of a PDF, in reading order."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def until(there: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.2)


@dataclass
class Organisation:
    """An organisation that was set up through the gateway, with a person per role."""

    installation: Installation
    dimension: str = "CATEGORY"
    policy: str = "EXACT"
    units: tuple[tuple[str, str, int], ...] = (("whole", "Het geheel", 400),)
    id: UUID = field(default_factory=uuid4)
    key: AdviserKey = field(default_factory=AdviserKey.generate)
    signed_in: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sign_all_in()
        self.admin.do(
            documents.SET_UP_ORGANISATION,
            organisationId=str(self.id),
            name="Proefbedrijf",
            language="NL",
            units=[{"id": one, "name": name, "headcount": n} for one, name, n in self.units],
            advisers=[{"id": "anna", "name": "Anna"}, {"id": "bram", "name": "Bram"}],
            release={
                "policy": "EXACT",
                "dimension": self.dimension,
                "k": 5,
                "worksCouncilOn": "2025-01-20",
            }
            if self.policy == "EXACT"
            else {"policy": self.policy},
        )
        public = b64encode(self.key.public).decode()
        self.adviser.do(documents.PUBLISH_ADVISER_KEY, publicKey=public)

    def come_back(self, installation: Installation) -> None:
        """Everybody signs in again, at an installation that was started anew."""
        self.close()
        self.installation = installation
        self._sign_all_in()

    def _sign_all_in(self) -> None:
        self.admin = self.sign_in("beheer", "admin")
        self.adviser = self.sign_in("anna", "adviser")
        self.hr = self.sign_in("hr", "hr")
        self.auditor = self.sign_in("auditor", "auditor")

    def sign_in(self, subject: str, role: str) -> Person:
        """Somebody with a role, by the development issuer."""

        def token(_: object = None) -> str:
            return self.installation.token(subject, role, None if role == "admin" else self.id)

        url, first = self.installation.gateway_url, token()
        person = Person(GatewayClient(url, first, renew=token), first)
        self.signed_in.append(person)
        return person

    def close(self) -> None:
        """Sign everybody out."""
        for person in self.signed_in:
            person.client.close()

    def sealed(self, words: str, case: UUID) -> dict[str, str]:
        """Words sealed to Anna."""
        envelope = seal(
            words,
            organisation=self.id,
            case=case,
            key_id=self.key.key_id,
            public_key=self.key.public,
        )
        return {"keyId": str(self.key.key_id), "ciphertext": b64encode(envelope).decode()}

    def open_case(self, words: str = "iets", category: str = "bullying") -> UUID:
        """A new case of Anna's."""
        case = uuid4()
        self.adviser.do(
            documents.OPEN_CASE,
            caseId=str(case),
            channel="walk_in",
            anonymity="confidential",
            reporterRole="employee",
            relation="colleague",
            category=category,
            words=[self.sealed(words, case)],
        )
        return case

    def load(self, file: Path) -> int:
        """`hoeksteen import register`; its exit status."""
        return import_register(
            file,
            organisation=str(self.id),
            dry_run=False,
            gateway_url=self.installation.gateway_url,
            token=self.adviser.token,
            console=Console(quiet=True),
            language="en",
        )

    def live_to_tick(self) -> Period:
        """Move the clock past the tick of the present half-year; that half-year."""
        period = Period.containing(self.installation.now().date())
        moment = moment_of(tick_of(period, period.start)) + timedelta(minutes=1)
        self.installation.move_clock(max(moment, self.installation.now()))
        until(lambda: self._is_released(str(period)))
        return period

    def _is_released(self, period: str) -> bool:
        try:
            return any(one["period"] == period for one in self.statistics())
        except GatewayError as error:
            # Signals hears of a new organisation at the daily moment.
            if error.code != "NOT_FOUND":
                raise
            return False

    def statistics(self) -> list[dict[str, Any]]:
        """What hr is shown."""
        shown: list[dict[str, Any]] = self.hr.ask(documents.STATISTICS)
        return shown

    def release(self, period: str) -> dict[str, Any]:
        """The release of one period."""
        return next(one for one in self.statistics() if one["period"] == period)

    def publish(self, period: str, meaning: str) -> bytes:
        """Interpret, approve and publish the report of a period; its PDF as hr gets it."""
        until(lambda: any(one["period"] == period for one in self.adviser.ask(documents.REPORTS)))
        report = next(
            one["id"] for one in self.adviser.ask(documents.REPORTS) if one["period"] == period
        )
        words = [
            {"section": one["code"], "words": meaning}
            for one in self.adviser.ask(documents.SECTIONS, id=report)["sections"]
            if one["hasFigures"]
        ]
        self.adviser.do(
            documents.APPROVE_REPORT, reportId=report, interpretation=meaning, words=words
        )
        self.adviser.do(documents.PUBLISH_REPORT, reportId=report, language="NL")
        return self.pdf(self.hr.ask(documents.REPORT, id=report)["pdfPath"])

    def pdf(self, path: str) -> bytes:
        """A report's PDF as hr downloads it."""
        response = httpx2.get(
            f"{self.installation.gateway_origin}{path}",
            headers={"Authorization": f"Bearer {self.hr.token}"},
            timeout=30,
            trust_env=False,
        )
        assert response.status_code == 200
        return bytes(response.content)
