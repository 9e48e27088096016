"""Both clients seal for each other: what one writes the other reads, and both refuse the same."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pytest
from mnemonic import Mnemonic

from hoeksteen_client import (
    AdviserKey,
    AttachmentHeader,
    AttachmentSealer,
    CannotOpen,
    PartyKey,
    PulseToken,
    ReporterCode,
    door,
    key_is_proven,
    lint,
    lint_report,
    open_attachment,
    open_signal,
    seal,
    seal_signal,
    words_are_signed,
)
from hoeksteen_client.attachments import CHUNK_BYTES, plain_name
from hoeksteen_client.metadata import MetadataStays, stripped
from tests.pictures import DIRTY_JPEG, DIRTY_PNG, KEPT, SECRET, TURNED, exif, jpeg, png

PACKAGE = Path(__file__).parents[2] / "clients/typescript"
INSTALL = "needs Node.js: apt-get install nodejs npm, then make setup"
ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
CASE = UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001")
ATTACHMENT = UUID("0a7c1f3a-54a8-4a3f-8d0e-1b6f0c1d2e3f")
OTHER = UUID("00000000-0000-4000-8000-000000000000")
HERE: dict[str, Any] = {"organisation": ORGANISATION, "case": CASE}
THERE = {"organisation": str(ORGANISATION), "case": str(CASE)}
WORDS = "Het gesprek liep uit de hand — é ☂\ufeff\n"


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class Refused(Exception):  # noqa: N818  what the other side did
    """The TypeScript client refused, with this sentence."""


class Typescript:
    """The other client in a process of its own, asked line by line."""

    def __init__(self, reads: IO[str], writes: IO[str]) -> None:
        self._reads, self._writes = reads, writes

    def ask(self, do: str, **values: Any) -> Any:
        """Its answer. Raises Refused."""
        self._reads.write(json.dumps({"do": do, **values}) + "\n")
        self._reads.flush()
        line = self._writes.readline()
        assert line, "the TypeScript client died: its own words stand above"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(f"{answer['error']}: {answer['sentence']}")
        return answer["value"]


def node(*arguments: str) -> list[str]:
    """A command line of Node.js; before version 20 WebCrypto is no global there unless asked for."""
    found = shutil.which("node")
    if found is None or not (PACKAGE / "dist/.ready").exists():
        pytest.skip(INSTALL)
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    old = int(version.stdout.strip("v").split(".")[0]) < 20
    return [found, *(["--experimental-global-webcrypto"] if old else []), *arguments]


@pytest.fixture(scope="module")
def typescript() -> Iterator[Typescript]:
    """One process for all tests."""
    command = node("dist/test/interop.js")
    with subprocess.Popen(
        command, cwd=PACKAGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Typescript(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def key() -> AdviserKey:
    return AdviserKey.generate()


def private_of(key: AdviserKey) -> dict[str, str]:
    """The raw halves, for the other side."""
    assert key._signing
    return {
        "private": text(key._private.private_bytes_raw()),
        "signing": text(key._signing.private_bytes_raw()),
    }


# The package ------------------------------------------------------------------------------------


def test_its_own_tests_pass() -> None:
    """As node's test runner runs them, on what was built of the sources as they are now."""
    command = node(
        "--test", *sorted(str(file) for file in (PACKAGE / "dist/test").glob("*.test.js"))
    )
    built = (PACKAGE / "dist/.ready").stat().st_mtime
    sources = [*(PACKAGE / "src").glob("*.ts"), *(PACKAGE / "test").glob("*.ts")]
    assert [] == [file.name for file in sources if file.stat().st_mtime > built], "run make setup"

    ran = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^# pass [1-9]", ran.stdout, re.MULTILINE)


def test_it_needs_hpke_and_nothing_else() -> None:
    """Whoever ships code to a reporter's browser can read along: each package more is one more."""
    package = json.loads((PACKAGE / "package.json").read_text())
    lock = json.loads((PACKAGE / "package-lock.json").read_text())
    shipped = {name for name, entry in lock["packages"].items() if name and not entry.get("dev")}

    assert ["@hpke/core"] == list(package["dependencies"])
    assert {"node_modules/@hpke/common", "node_modules/@hpke/core"} == shipped


def test_the_lock_names_no_registry() -> None:
    """What is installed is fixed by its hash, and comes from where the machine is set up for."""
    lock = json.loads((PACKAGE / "package-lock.json").read_text())
    entries = [entry for name, entry in lock["packages"].items() if name]

    assert all("resolved" not in entry for entry in entries)
    assert all(entry["integrity"].startswith("sha512-") for entry in entries)


def test_both_know_the_same_words() -> None:
    """BIP-39's list, in its order."""
    source = (PACKAGE / "src/wordList.ts").read_text().split("= `")[1].split("`")[0]

    assert Mnemonic("english").wordlist == source.split()


# Words ------------------------------------------------------------------------------------------


def test_a_key_is_the_same_on_both_sides(typescript: Typescript, key: AdviserKey) -> None:
    """Public halves and id."""
    assert key.signing_public

    assert typescript.ask("adviser", **private_of(key)) == {
        "keyId": str(key.key_id),
        "publicKey": text(key.public),
        "signingKey": text(key.signing_public),
    }


@pytest.mark.parametrize("length", [0, 1, 1020, 1021, 60 * 1024])
def test_each_opens_what_the_other_sealed(
    typescript: Typescript, key: AdviserKey, length: int
) -> None:
    """At every size of an envelope, with signs of all kinds."""
    words = (WORDS * (length // 10 + 1)).encode()[:length].decode("utf-8", "ignore")
    reader = {"keyId": str(key.key_id), "publicKey": text(key.public)}

    there = typescript.ask("seal", words=words, **reader, place=THERE)
    here = seal(words, **HERE, key_id=key.key_id, public_key=key.public)

    assert words == key.open(base64.b64decode(there), **HERE)
    assert words == typescript.ask("open", **private_of(key), envelope=text(here), place=THERE)


@pytest.mark.parametrize("swapped", ["organisation", "case", "recipient", "bit", "cut"])
def test_both_refuse_what_was_moved_or_changed(
    typescript: Typescript, key: AdviserKey, swapped: str
) -> None:
    """Another organisation, case or recipient, a changed bit, a missing byte; whoever sealed it."""
    reader = {"keyId": str(key.key_id), "publicKey": text(key.public)}
    sealed_here = seal(WORDS, **HERE, key_id=key.key_id, public_key=key.public)
    sealed_there = base64.b64decode(typescript.ask("seal", words=WORDS, **reader, place=THERE))
    place, opener = dict(HERE), key
    if swapped in place:
        place[swapped] = OTHER
    if swapped == "recipient":
        opener = AdviserKey.generate()

    for envelope in (sealed_here, sealed_there):
        changed = envelope
        if swapped == "bit":
            changed = envelope[:50] + bytes([envelope[50] ^ 4]) + envelope[51:]
        if swapped == "cut":
            changed = envelope[:-1]
        with pytest.raises(CannotOpen) as here:
            opener.open(changed, **place)
        with pytest.raises(Refused) as there:
            typescript.ask(
                "open",
                **private_of(opener),
                envelope=text(changed),
                place={name: str(value) for name, value in place.items()},
            )
        assert f"CannotOpen: {here.value}" == str(there.value)


def test_each_believes_the_other_s_signature_and_no_other(
    typescript: Typescript, key: AdviserKey
) -> None:
    """On words, and on an entry of the directory."""
    assert key.signing_public
    readers = [(key.key_id, b"one envelope"), (OTHER, b"another")]
    sealed = [{"keyId": str(who), "envelope": text(envelope)} for who, envelope in readers]
    check = {"sealed": sealed, "place": THERE, "signingKey": text(key.signing_public)}
    seat = {"organisation": str(ORGANISATION), "adviserId": "ádviser"}
    entry: dict[str, Any] = {"organisation": ORGANISATION, "adviser_id": "ádviser"}

    there = base64.b64decode(typescript.ask("sign", **private_of(key), sealed=sealed, place=THERE))
    here = key.sign_words(readers, **HERE)
    assert words_are_signed(readers, there, **HERE, signing_key=key.signing_public)
    assert not words_are_signed(readers[:1], there, **HERE, signing_key=key.signing_public)
    assert typescript.ask("signed", **check, signature=text(here))
    assert not typescript.ask("signed", **check | {"sealed": sealed[:1]}, signature=text(here))
    assert not typescript.ask(
        "signed", **check | {"place": THERE | {"case": str(OTHER)}}, signature=text(here)
    )

    proof = base64.b64decode(typescript.ask("prove", **private_of(key), seat=seat))
    published = {"publicKey": text(key.public), "signingKey": text(key.signing_public)}
    assert key.prove(**entry) == proof
    assert key_is_proven(
        **entry, public_key=key.public, signing_key=key.signing_public, proof=proof
    )
    assert typescript.ask("proven", seat=seat, **published, proof=text(proof))
    assert not typescript.ask("proven", seat=seat, **published, proof=text(here))


def test_a_code_is_the_same_on_both_sides(typescript: Typescript) -> None:
    """Made on either: words, case, token, key; and each opens what was sealed to it."""
    for made_here in (True, False):
        code = (
            ReporterCode.generate()
            if made_here
            else ReporterCode.from_words(
                typescript.ask("code", words=None, organisation=str(ORGANISATION))["words"]
            )
        )
        place = {"organisation": str(ORGANISATION), "case": str(code.case_id)}
        there = typescript.ask("code", words=code.words, organisation=str(ORGANISATION))
        assert there == {
            "words": code.words,
            "caseId": str(code.case_id),
            "lookupKey": text(code.lookup_key),
            "door": door(ORGANISATION),
            "keyId": str(code.key.key_id),
            "publicKey": text(code.key.public),
        }
        answer = seal("antwoord", **place, key_id=code.key.key_id, public_key=code.key.public)
        assert "antwoord" == typescript.ask(
            "openWithCode", words=code.words, envelope=text(answer), place=place
        )


def test_both_refuse_words_that_are_no_code(typescript: Typescript) -> None:
    """In the same sentence."""
    for words in ("zoo " * 12, "abandon", "hoeksteen " * 12):
        with pytest.raises(Refused, match="WrongCode: These words are not a code"):
            typescript.ask("code", words=words, organisation=str(ORGANISATION))


@pytest.mark.parametrize(
    "identifier",
    ["12345", " A.de.Vries@Voorbeeld.NL\t", "Zoë\u00a0Müller", "ΟΔΥΣΣΕΥΣ İ ﬁ Ⅳ ẞ \x85x"],
)
def test_a_person_has_the_same_token_on_both_sides(typescript: Typescript, identifier: str) -> None:
    """However it is written; languages differ in what they call lower case and white space."""
    secret = bytes(range(32))

    there = typescript.ask(
        "partyToken", key=text(secret), identifier=identifier, organisation=str(ORGANISATION)
    )

    assert PartyKey(secret).token(identifier, organisation=ORGANISATION) == base64.b64decode(there)


# Signals ----------------------------------------------------------------------------------------


def test_both_lint_by_the_same_rules() -> None:
    """What one client looks for the other looks for too."""
    source = (PACKAGE / "src/signalLintRules.ts").read_text()
    here = (PACKAGE.parent / "python/hoeksteen_client/signal_lint.json").read_text()

    assert json.loads(here) == json.loads(source.split("RULES = ")[1].rstrip().removesuffix(";"))


def test_both_find_the_same_in_a_text(typescript: Typescript) -> None:
    """In every sentence of the list, at the same places; alone, and one after the other."""
    data = json.loads((Path(__file__).parents[1] / "data/signal-lint.json").read_text())
    sentences = [one["text"] for one in (*data["pointing"], *data["harmless"])]
    known, units = data["known"], ["Keuken", "balie (zuid)"]
    sentences += [" ".join(sentences), "- " + "\n- ".join(sentences), "In keuken en Balie (Zuid)."]
    for sentence in sentences:
        here = lint(sentence, known=known, units_below_grid=units)
        options = {"known": known, "unitsBelowGrid": units}
        there = typescript.ask("lint", text=sentence, options=options)

        assert [{"start": f.start, "end": f.end, "kind": f.kind} for f in here] == there, sentence


def test_both_lint_reports_by_the_same_rules() -> None:
    """What one client looks for the other looks for too."""
    source = (PACKAGE / "src/reportLintRules.ts").read_text()
    here = (PACKAGE.parent / "python/hoeksteen_client/report_lint.json").read_text()
    there = source.split("REPORT_RULES = ")[1].rstrip().removesuffix(" as const;")

    assert json.loads(here) == json.loads(there)


def test_both_find_the_same_in_a_report(typescript: Typescript) -> None:
    """In every sentence of the list, at the same places; alone, and one after the other."""
    data = json.loads((Path(__file__).parents[1] / "data/report-lint.json").read_text())
    sentences = [
        one["text"] for group in ("judging", "traceable", "harmless") for one in data[group]
    ]
    for sentence in (*sentences, " ".join(sentences)):
        here = lint_report(sentence, known=data["known"])
        there = typescript.ask("lintReport", text=sentence, options={"known": data["known"]})

        assert [{"start": f.start, "end": f.end, "kind": f.kind} for f in here] == there, sentence


def test_each_opens_the_signal_that_the_other_sealed(
    typescript: Typescript, key: AdviserKey
) -> None:
    """With its salt; and both refuse one that its author did not bind."""
    signal: dict[str, Any] = {"organisation": ORGANISATION, "signal": CASE}
    place = {"organisation": str(ORGANISATION), "signal": str(CASE)}
    words = "Taken en rollen zijn onduidelijk — é ☂."
    reader = {"keyId": str(key.key_id), "publicKey": text(key.public)}

    here = seal_signal(words, [(key.key_id, key.public)], **signal)
    asked = typescript.ask("sealSignal", text=words, reader=reader, place=place)
    envelope, commitment = (base64.b64decode(asked[one]) for one in ("envelope", "commitment"))
    assert words == open_signal([(key.key_id, envelope)], commitment, key, **signal).text
    given = {**private_of(key), "envelope": text(here.sealed[0][1]), "place": place}
    there = typescript.ask("openSignal", **given, commitment=text(here.commitment))
    opened = open_signal(here.sealed, here.commitment, key, **signal)
    assert {"text": words, "salt": text(opened.salt)} == there

    with pytest.raises(CannotOpen) as mine:
        open_signal(here.sealed, commitment, key, **signal)
    with pytest.raises(Refused) as theirs:
        typescript.ask("openSignal", **given, commitment=text(commitment))
    assert f"CannotOpen: {mine.value}" == str(theirs.value)
    with pytest.raises(Refused, match="TextBlocked: This text may point at somebody"):
        typescript.ask("sealSignal", text="Volgens Anna.", reader=reader, place=place)


# Pulses -----------------------------------------------------------------------------------------


def test_a_pulse_token_is_the_same_on_both_sides(typescript: Typescript) -> None:
    """What is handed out, and what the server is told of it."""
    for secret in (bytes(range(32)), b"\xff" * 32, bytes(32)):
        token = PulseToken(secret)
        there = typescript.ask("pulseToken", secret=text(secret), organisation=str(ORGANISATION))

        assert {"bearer": token.bearer(ORGANISATION), "hash": text(token.hash)} == there


# Attachments ------------------------------------------------------------------------------------

FILE = bytes(range(256)) * 700  # three chunks of content, four in all
HERE_TOO = {**HERE, "attachment": ATTACHMENT}
THERE_TOO = {**THERE, "attachment": str(ATTACHMENT)}


def sealed_here(data: bytes) -> tuple[str, list[bytes]]:
    sealer = AttachmentSealer(**HERE_TOO, name="é ☂.txt", media_type="text/plain")
    chunks = list(sealer.chunks(BytesIO(data), keep_metadata=True))
    return sealer.header.text, chunks


def sealed_there(typescript: Typescript, data: bytes) -> tuple[str, list[bytes]]:
    answer = typescript.ask(
        "sealFile",
        data=text(data),
        name="C:/Users/é ☂.txt",
        mediaType="text/plain",
        keepMetadata=True,
        place=THERE_TOO,
    )
    return answer["header"], [base64.b64decode(chunk) for chunk in answer["chunks"]]


@pytest.mark.parametrize("size", [0, CHUNK_BYTES, CHUNK_BYTES + 1, len(FILE)])
def test_each_opens_the_file_that_the_other_sealed(typescript: Typescript, size: int) -> None:
    """With its name and type, to the byte."""
    for header, chunks in (sealed_here(FILE[:size]), sealed_there(typescript, FILE[:size])):
        read = AttachmentHeader.read(header)
        here = b"".join(open_attachment(read, chunks, **HERE_TOO))
        there = typescript.ask(
            "openFile", header=header, chunks=[text(chunk) for chunk in chunks], place=THERE_TOO
        )

        assert FILE[:size] == here
        assert ("é ☂.txt", "text/plain") == (read.name, read.media_type)
        assert {"data": text(here), "name": "é ☂.txt", "mediaType": "text/plain"} == there


@pytest.mark.parametrize(
    "how", ["truncated", "reordered", "swapped", "extended", "organisation", "case", "attachment"]
)
def test_both_refuse_a_file_that_was_tampered_with(typescript: Typescript, how: str) -> None:
    """In the same sentence, which names the chunk, whoever sealed it."""
    for header, chunks in (sealed_here(FILE), sealed_there(typescript, FILE)):
        place = dict(HERE_TOO)
        match how:
            case "truncated":
                chunks[3] = chunks[3][:-1]
            case "reordered":
                chunks[1], chunks[2] = chunks[2], chunks[1]
            case "swapped":
                chunks[1] = sealed_here(FILE)[1][1]
            case "extended":
                chunks.append(chunks[3])
            case _:
                place[how] = OTHER
        with pytest.raises(CannotOpen) as here:
            list(open_attachment(AttachmentHeader.read(header), chunks, **place))
        with pytest.raises(Refused) as there:
            typescript.ask(
                "openFile",
                header=header,
                chunks=[text(chunk) for chunk in chunks],
                place={name: str(value) for name, value in place.items()},
            )
        assert f"CannotOpen: {here.value}" == str(there.value)


@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_both_take_the_same_out_of_pictures(typescript: Typescript, piece: int) -> None:
    """However the bytes arrive: nothing of what was beside the picture is left."""
    pictures = [
        (DIRTY_JPEG, jpeg()),
        (DIRTY_PNG, png(*KEPT)),
        (jpeg(exif(6)), jpeg(TURNED)),
        (jpeg(exif(6, order="<")), jpeg(TURNED)),
        (jpeg(exif(1)), jpeg()),
    ]
    for dirty, clean in pictures:
        there = base64.b64decode(
            typescript.ask("strip", data=text(dirty), mediaType="", piece=piece)
        )

        assert clean == there
        assert SECRET in dirty
        assert SECRET not in there


@pytest.mark.parametrize(
    "data",
    [jpeg()[:-2], jpeg()[:40], b"\xff\xd8\xff\x00", png()[:-8], b"%PDF-1.7", b"\0\0\0\x18ftypheic"],
    ids=["jpeg-end", "jpeg-cut", "jpeg-stuffing", "png-end", "pdf", "heic"],
)
def test_both_refuse_the_same_files(typescript: Typescript, data: bytes) -> None:
    """In the same sentence."""
    with pytest.raises(MetadataStays) as here:
        list(stripped(BytesIO(data), media_type="image/png"))
    with pytest.raises(Refused) as there:
        typescript.ask("strip", data=text(data), mediaType="image/png", piece=1000)

    assert f"MetadataStays: {here.value}" == str(there.value)


@pytest.mark.parametrize(
    "name",
    [
        "C:\\x\\y.pdf",
        "/a/.b ",
        "..",
        "a\u202eb\x85:c?.txt",
        "x" + "é" * 120,
        "☂" * 70,
        "\U0001f600.png",
    ],
    ids=ascii,
)
def test_both_make_the_same_of_a_name(typescript: Typescript, name: str) -> None:
    """Or one would refuse what the other sealed."""
    assert plain_name(name) == typescript.ask("name", name=name)
