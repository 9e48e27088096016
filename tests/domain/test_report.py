"""A report, from release to frozen, and what reporting knows of an organisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.reporting.domain.organisation import Organisation, OrganisationKnown, UnitName, know
from services.reporting.domain.organisation import evolve as evolve_organisation
from services.reporting.domain.report import (
    DRAFT_BYTES,
    Cell,
    Figures,
    InterpretationSaved,
    Report,
    ReportApproved,
    ReportDrafted,
    ReportPublished,
    SealedDraft,
    Status,
    UnsafeRelease,
    Withheld,
    approve,
    approved_words,
    draft,
    evolve,
    publish,
    save_interpretation,
)
from shared.contracts.errors import Code
from tests.gwt import given

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
LABELS = {"conduct": "Gedrag", "private": "Privé", "force": "Geweld", "position": "Positie"}
FIGURES = Figures(
    release_id=UUID("6f1d2c3b-0000-4000-8000-000000000002"),
    organisation_token="5d41402abc4b2a76",
    period="2026-H1",
    policy="exact",
    dimension="category",
    k=10,
    taxonomy_version=1,
    cells=(Cell("conduct", 136), Cell("private", 103)),
    withheld=Withheld(("force", "position"), 12),
    total=251,
    released_week="2026-W29",
)
DRAFTED = ReportDrafted(
    organisation_id=ORGANISATION, figures=FIGURES, labels_en=LABELS, labels_nl=LABELS
)
WORDS = "Wij zien dat het gesprek vaker op tijd begint."
APPROVED = ReportApproved(WORDS)
PUBLISHED = ReportPublished(
    period="2026-H1",
    organisation_name="De Hoekstee",
    language="nl",
    pdf_sha256=bytes(32),
    typst_version="0.15.2",
    template_version="1",
    published_on=date(2026, 7, 20),
    week="2026-W30",
)
COPY = SealedDraft(UUID("6f1d2c3b-0000-4000-8000-000000000003"), b"sealed to one adviser")


def _released(**changes: object) -> ReportDrafted:
    """DRAFTED with other figures."""
    return replace(DRAFTED, figures=replace(FIGURES, **changes))  # type: ignore[arg-type]


# Drafted ----------------------------------------------------------------------------------------


def test_a_release_begins_a_report() -> None:
    """The first release of a period becomes the draft of its report."""
    given(Report(), evolve).when(lambda report: draft(report, DRAFTED)).then(DRAFTED)


def test_the_same_release_again_changes_nothing() -> None:
    """A release that is delivered twice begins one report."""
    given(Report(), evolve, [DRAFTED]).when(lambda report: draft(report, DRAFTED)).then()


def test_a_published_report_ignores_its_release_too() -> None:
    """A release that is delivered again after publication changes nothing either."""
    given(Report(), evolve, [DRAFTED, APPROVED, PUBLISHED]).when(
        lambda report: draft(report, DRAFTED)
    ).then()


def test_a_second_release_never_replaces_the_first() -> None:
    """Other figures for a period that has figures are not taken."""
    state = evolve(Report(), DRAFTED)
    other = _released(release_id=UUID(int=7))
    with pytest.raises(UnsafeRelease, match="release already"):
        draft(state, other)


def test_a_report_keeps_only_the_labels_of_its_release() -> None:
    """A label of a cell that the release does not name would say more than the release."""
    more = LABELS | {"secret_unit": "Afdeling X"}
    given(Report(), evolve).when(
        lambda report: draft(report, replace(DRAFTED, labels_en=more, labels_nl=more))
    ).then(DRAFTED)


def test_there_is_no_place_for_the_number_of_a_withheld_cell() -> None:
    """The event's withheld block holds codes and one sum, whatever is put into it."""
    assert {"codes", "count"} == set(Withheld.__slots__)
    with pytest.raises(TypeError):
        Withheld((Cell("force", 2), Cell("position", 10)), 12, {"force": 2})  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        (_released(cells=(Cell("conduct", 9), Cell("private", 103)), total=124), "below the thr"),
        (_released(k=4), "smallest"),
        (_released(withheld=Withheld(("force", "position"), 9), total=248), "sum of the withheld"),
        (_released(withheld=Withheld(("force",), 12)), "that of one cell"),
        (_released(withheld=Withheld(("force", "position"), None)), "follows from the total"),
        (_released(withheld=Withheld((), 12)), "names no cell"),
        (_released(withheld=Withheld(("force", "conduct"), 12)), "named twice"),
        (_released(total=252), "not the sum"),
        (_released(period="2026-07"), "period"),
        (replace(DRAFTED, labels_nl={"conduct": "Gedrag"}), "no label"),
        (replace(DRAFTED, labels_en=LABELS | {"force": " "}), "no label"),
    ],
)
def test_a_release_that_gives_away_what_it_withholds_is_not_drafted(
    unsafe: ReportDrafted, reason: str
) -> None:
    """Paper cannot be called back, so each promise of a release is checked once more here."""
    with pytest.raises(UnsafeRelease, match=reason):
        draft(Report(), unsafe)


@pytest.mark.parametrize(
    "safe",
    [
        _released(withheld=None, total=239),
        _released(withheld=Withheld(("force", "position"), None), total=None),
        _released(cells=(), withheld=Withheld(tuple(LABELS), None), total=None),
        _released(cells=(), withheld=Withheld(tuple(LABELS), 14), total=14),
        _released(cells=(Cell("conduct", 10), Cell("private", 10)), total=32),
    ],
)
def test_every_form_of_safe_release_is_drafted(safe: ReportDrafted) -> None:
    """Nothing withheld, everything withheld, with or without a sum: each can be reported."""
    drafted = draft(Report(), safe)
    assert drafted is not None
    assert safe.figures == drafted.figures


# Interpreted ------------------------------------------------------------------------------------


def test_a_sealed_draft_is_kept() -> None:
    """An adviser's draft is an event that holds sealed bytes and no words."""
    given(Report(), evolve, [DRAFTED]).when(
        lambda report: save_interpretation(report, (COPY,))
    ).then(InterpretationSaved((COPY,)))


def test_the_newest_draft_counts() -> None:
    """A later draft takes the place of an earlier one."""
    newer = replace(COPY, ciphertext=b"newer")
    state = given(
        Report(),
        evolve,
        [DRAFTED, InterpretationSaved((COPY,)), InterpretationSaved((newer,))],
    ).state
    assert (newer,) == state.drafts
    assert Status.DRAFTED == state.status


@pytest.mark.parametrize(
    ("sealed", "code"),
    [
        ((), Code.INVALID_INPUT),
        (
            tuple(replace(COPY, key_id=UUID(int=number)) for number in range(21)),
            Code.INVALID_INPUT,
        ),
        ((COPY, COPY), Code.INVALID_INPUT),
        ((replace(COPY, ciphertext=b""),), Code.INVALID_INPUT),
        ((replace(COPY, ciphertext=bytes(DRAFT_BYTES + 1)),), Code.TOO_LARGE),
    ],
)
def test_a_draft_that_nobody_could_use_is_refused(
    sealed: tuple[SealedDraft, ...], code: Code
) -> None:
    """None, too many, two for one reader, empty or too large: each is refused."""
    given(Report(), evolve, [DRAFTED]).when(
        lambda report: save_interpretation(report, sealed)
    ).then_refused(code)


# Approved ---------------------------------------------------------------------------------------


def test_approved_words_are_kept_readable() -> None:
    """Approval is the moment at which an interpretation becomes readable."""
    given(Report(), evolve, [DRAFTED]).when(lambda report: approve(report, WORDS)).then(APPROVED)


def test_words_are_tidied_and_not_changed() -> None:
    """Line ends, tabs, accents and outer space are brought into one form; nothing else."""
    typed = "  Cafe\u0301 over\tgedrag \r\n\r\n*niet* #vet  "
    given(Report(), evolve, [DRAFTED]).when(lambda report: approve(report, typed)).then(
        ReportApproved("Café over gedrag\n\n*niet* #vet")
    )


@pytest.mark.parametrize("nothing", ["", " \n\t ", "—", "…!", "\u200b"])
def test_no_figure_leaves_without_words(nothing: str) -> None:
    """An interpretation without a letter or a digit is none."""
    given(Report(), evolve, [DRAFTED]).when(lambda report: approve(report, nothing)).then_refused(
        Code.INTERPRETATION_MISSING
    )


def test_8000_characters_are_taken_and_one_more_is_not() -> None:
    """The bound is counted in characters, after tidying."""
    start = given(Report(), evolve, [DRAFTED])
    start.when(lambda report: approve(report, " é" * 4_000)).then(
        ReportApproved(("é " * 4_000).strip())
    )
    start.when(lambda report: approve(report, "é" * 8_000)).then(ReportApproved("é" * 8_000))
    refusal = start.when(lambda report: approve(report, "é" * 8_001)).then_refused(Code.TOO_LARGE)
    assert 8_000 == refusal.values["limit"]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u202e", "\ud800"])
def test_control_characters_are_refused(sign: str) -> None:
    """What steers a terminal, or turns the direction of text, is refused and not repeated."""
    refusal = (
        given(Report(), evolve, [DRAFTED])
        .when(lambda report: approve(report, f"Wij zien {sign} rust."))
        .then_refused(Code.INVALID_INPUT)
    )
    assert sign not in refusal.sentence("en")


def test_a_second_approval_replaces_the_words() -> None:
    """Until publication an adviser may approve better words."""
    better = "Wij zien rust."
    start = given(Report(), evolve, [DRAFTED, APPROVED])
    start.when(lambda report: approve(report, better)).then(ReportApproved(better))
    assert better == approved_words(evolve(start.state, ReportApproved(better)))


# Published --------------------------------------------------------------------------------------


def test_an_approved_report_is_published() -> None:
    """Publication records the PDF's hash and what made it."""
    given(Report(), evolve, [DRAFTED, APPROVED]).when(
        lambda report: publish(report, PUBLISHED)
    ).then(PUBLISHED)


def test_a_report_without_approval_is_not_published() -> None:
    """A sealed draft is no approval."""
    given(Report(), evolve, [DRAFTED, InterpretationSaved((COPY,))]).when(
        lambda report: publish(report, PUBLISHED)
    ).then_refused(Code.NOT_APPROVED)


CHANGES: dict[str, Callable[[Report], object]] = {
    "save": lambda report: save_interpretation(report, (COPY,)),
    "approve": lambda report: approve(report, WORDS),
    "publish": lambda report: publish(report, PUBLISHED),
}


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
def test_a_published_report_is_frozen(change: Callable[[Report], object]) -> None:
    """Nothing is added to a published report."""
    given(Report(), evolve, [DRAFTED, APPROVED, PUBLISHED]).when(change).then_refused(
        Code.ALREADY_PUBLISHED
    )


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
def test_a_report_that_does_not_exist_is_not_found(change: Callable[[Report], object]) -> None:
    """No command makes a report: only a release does."""
    given(Report(), evolve).when(change).then_refused(Code.NOT_FOUND)


def test_the_status_follows_the_events() -> None:
    """Drafted, approved, published, and a version for each event."""
    state = Report()
    seen = []
    for event in (DRAFTED, InterpretationSaved((COPY,)), APPROVED, PUBLISHED):
        state = evolve(state, event)
        seen.append((state.version, state.status.value))
    assert [(1, "drafted"), (2, "drafted"), (3, "approved"), (4, "published")] == seen


# Organisation -----------------------------------------------------------------------------------

KNOWN = OrganisationKnown(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    name="De Hoekstee",
    language="nl",
    units=(UnitName(id="zorg", name="Zorg"),),
)


def test_an_organisation_becomes_known_once() -> None:
    """The same announcement again is no news."""
    nothing = Organisation()
    given(nothing, evolve_organisation).when(lambda state: know(state, KNOWN)).then(KNOWN)
    given(nothing, evolve_organisation, [KNOWN]).when(lambda state: know(state, KNOWN)).then()


def test_a_changed_organisation_is_known_anew() -> None:
    """A new name is an event, and the newest one counts."""
    renamed = replace(KNOWN, name="De Sluitsteen")
    given(Organisation(), evolve_organisation, [KNOWN]).when(
        lambda state: know(state, renamed)
    ).then(renamed)
    state = given(Organisation(), evolve_organisation, [KNOWN, renamed]).state
    assert "De Sluitsteen" == state.known.name
