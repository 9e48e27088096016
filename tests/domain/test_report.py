"""A report, from release to frozen, and what reporting knows of an organisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import permutations
from types import MappingProxyType
from uuid import UUID

import pytest

from services.reporting.domain.figures import (
    Cell,
    Draw,
    Figures,
    UnsafeRelease,
    Withheld,
    spent,
)
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.organisation import Organisation, OrganisationKnown, UnitName, know
from services.reporting.domain.organisation import evolve as evolve_organisation
from services.reporting.domain.outline import build, sections_for
from services.reporting.domain.report import (
    DRAFT_BYTES,
    Chosen,
    CorrectionBegun,
    Event,
    InterpretationSaved,
    Publication,
    Report,
    ReportAcknowledged,
    ReportApproved,
    ReportDrafted,
    ReportPublished,
    SealedDraft,
    SectionsApproved,
    SectionWords,
    Status,
    TableJoined,
    acknowledge,
    approve,
    approved,
    begin_correction,
    draft,
    evolve,
    frozen,
    save_interpretation,
)
from services.reporting.reading import Reading
from shared.contracts.errors import Code
from shared.contracts.report import Audience, Snapshot, digest_of, encoded_sections
from shared.taxonomy.period import Period
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
GROUND = Ground(
    period=Period.parse("2026-H1"),
    cut_off=date(2026, 6, 30),
    tables=(ReleasedTable(figures=FIGURES, labels_nl=LABELS, labels_en=LABELS),),
)
OF_SECTIONS = {
    one.code: f"Wij zien rust ({one.code})." for one in build(GROUND, {}) if one.has_figures
}
SECTIONS = build(GROUND, {"summary": WORDS, **OF_SECTIONS})
APPROVED = ReportApproved(
    WORDS,
    words=tuple(SectionWords(code, text) for code, text in OF_SECTIONS.items()),
    frozen=True,
)
PUBLISHED = ReportPublished(
    period="2026-H1",
    organisation_name="De Hoekstee",
    version=1,
    changes=None,
    audiences=("hr", "all_staff"),
    snapshot_sha256=bytes(32),
    forms=(),
    typst_version="0.15.2",
    template_version="1",
    published_on=date(2026, 7, 20),
    week="2026-W30",
)
LEADERS = (Chosen(audience="hr"), Chosen(audience="board"), Chosen(audience="all_staff"))


def approving(
    words: str = WORDS, of_sections: Mapping[str, str] = MappingProxyType(OF_SECTIONS)
) -> Callable[[Report], ReportApproved]:
    """An approval with these words."""
    return lambda report: approve(report, GROUND, words, of_sections)[0]


def freezing(*chosen: Chosen) -> Callable[[Report], Snapshot]:
    """A publication to these readers."""
    return lambda report: frozen(
        report,
        GROUND,
        SECTIONS,
        chosen or LEADERS,
        report_id=UUID(int=5),
        organisation_name="De Hoekstee",
        language="nl",
        on=date(2026, 7, 20),
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
    with pytest.raises(UnsafeRelease, match="released already"):
        draft(state, other)


def test_a_report_keeps_only_the_labels_of_its_release() -> None:
    """A label of a cell that the release does not name would say more than the release."""
    more = LABELS | {"secret_unit": "Afdeling X"}
    given(Report(), evolve).when(
        lambda report: draft(report, replace(DRAFTED, labels_en=more, labels_nl=more))
    ).then(DRAFTED)


def test_there_is_no_place_for_the_number_of_a_withheld_cell() -> None:
    """The event's withheld block holds codes, thresholds that were fixed beforehand, and one sum."""
    assert {"codes", "count", "thresholds"} == set(Withheld.__slots__)


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


# Tables with noise ------------------------------------------------------------------------------

THEMES = Figures(
    release_id=UUID("6f1d2c3b-0000-4000-8000-000000000011"),
    organisation_token="5d41402abc4b2a76",
    period="2026-H1",
    policy="noisy",
    dimension="theme",
    k=6,
    taxonomy_version=1,
    cells=(Cell("conduct", 31, 5), Cell("private", 9, 5)),
    withheld=Withheld(("force", "position"), None, (6, 9)),
    total=47,
    released_week="2026-W29",
    total_margin=8,
    epsilon=1.0,
    budget=2.0,
    grid_id=UUID("6f1d2c3b-0000-4000-8000-0000000000aa"),
    draws=(
        Draw(measure="theme", period="2026-Q1", epsilon=1.0),
        Draw(measure="theme", period="2026-Q2", epsilon=1.0),
    ),
)


def _table(**changes: object) -> ReportDrafted:
    """THEMES, changed."""
    figures = replace(THEMES, **changes)  # type: ignore[arg-type]
    return ReportDrafted(
        organisation_id=ORGANISATION, figures=figures, labels_en=LABELS, labels_nl=LABELS
    )


BY_THEME = _table()
BY_UNIT = _table(
    release_id=UUID(int=12),
    dimension="unit",
    draws=(Draw(measure="unit", period="2026-H1", epsilon=1.0),),
)
ALL_CASES = _table(
    release_id=UUID(int=13), dimension="total", cells=(Cell("conduct", 47, 8),), withheld=None
)
OF_ANOTHER_KIND = _table(release_id=UUID(int=14), dimension="season", withheld=None)


def joined(table: ReportDrafted) -> TableJoined:
    """What a further table becomes: the labels of its own cells alone."""
    codes = table.figures.codes
    labels = {code: LABELS[code] for code in codes}
    return TableJoined(figures=table.figures, labels_en=labels, labels_nl=labels)


def test_a_further_table_joins_the_report_of_its_period() -> None:
    """The second table of a half-year is no second report."""
    given(Report(), evolve, [BY_THEME]).when(lambda report: draft(report, BY_UNIT)).then(
        joined(BY_UNIT)
    )


@pytest.mark.parametrize(
    "order", list(permutations((BY_THEME, BY_UNIT, ALL_CASES, OF_ANOTHER_KIND)))
)
def test_the_order_of_arrival_changes_nothing_in_a_report(
    order: tuple[ReportDrafted, ...],
) -> None:
    """However tables arrive, and however often, the report has each once, the themes first."""
    report = Report()
    for table in (*order, *order):
        event = draft(report, table)
        if event is not None:
            report = evolve(report, event)
    expected = [BY_THEME, ALL_CASES, BY_UNIT, OF_ANOTHER_KIND]
    assert [one.figures for one in expected] == [one.figures for one in report.tables]
    assert len(expected) == report.version


@pytest.mark.parametrize("later", [[APPROVED], [APPROVED, PUBLISHED]], ids=["approved", "out"])
def test_nothing_joins_a_report_that_somebody_approved(later: list[object]) -> None:
    """What an adviser has read and approved is what is published."""
    given(Report(), evolve, [BY_THEME, *later]).when(lambda report: draft(report, BY_UNIT)).then()


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        (_table(release_id=UUID(int=15)), "released already"),
        (replace(DRAFTED, figures=replace(FIGURES, withheld=None, total=239)), "other policy"),
        (
            replace(BY_UNIT, figures=replace(BY_UNIT.figures, grid_id=UUID(int=1))),
            "of another grid",
        ),
    ],
    ids=["again", "exact", "grid"],
)
def test_a_table_that_must_not_stand_beside_the_others_does_not_join(
    beside: ReportDrafted, reason: str
) -> None:
    """Other figures of the same table, exact figures, or those of another grid."""
    with pytest.raises(UnsafeRelease, match=reason):
        draft(evolve(Report(), BY_THEME), beside)


def test_exact_figures_have_one_table() -> None:
    """A second table of exact figures could be set against the first."""
    second = _released(release_id=UUID(int=16), dimension="unit")
    with pytest.raises(UnsafeRelease, match="in one table"):
        draft(evolve(Report(), DRAFTED), second)


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        (_table(cells=(Cell("conduct", 5, 5),)), "below the threshold"),
        (_table(k=4, withheld=None), "smallest"),
        (_table(cells=(Cell("conduct", 31),)), "figure has no margin"),
        (_table(cells=(Cell("conduct", 31, 0),)), "figure has no margin"),
        (_table(total=4), "total is below"),
        (_table(total_margin=None), "total has no margin"),
        (_table(epsilon=None), "not within the budget"),
        (_table(epsilon=0.0), "not within the budget"),
        (_table(epsilon=2.1), "not within the budget"),
        (_table(budget=None), "within what a case may spend"),
        (_table(budget=2.5), "within what a case may spend"),
        (_table(epsilon=0.5), "sum of its draws"),
        (_table(draws=()), "sum of its draws"),
        (_table(withheld=Withheld(("force", "position"), 3, (6, 9))), "a number stands"),
        (_table(withheld=Withheld(("force", "position"), None)), "has no threshold"),
        (_table(withheld=Withheld(("force", "position"), None, (6, 5))), "that of the table"),
        (_table(withheld=Withheld((), None)), "names no cell"),
        (_table(withheld=Withheld(("force", "conduct"), None, (6, 9))), "named twice"),
        (_table(period="2026-07"), "period"),
        (replace(BY_THEME, labels_nl={"conduct": "Gedrag"}), "no label"),
    ],
)
def test_a_table_that_says_more_than_its_noise_allows_is_not_drafted(
    unsafe: ReportDrafted, reason: str
) -> None:
    """Each figure at its threshold, with its margin, within the budget; nothing of what is not shown."""
    with pytest.raises(UnsafeRelease, match=reason):
        draft(Report(), unsafe)


def test_with_noise_nothing_has_to_add_up() -> None:
    """31 and 9 and what is not shown are no 47: the total has noise of its own, or is not shown."""
    for table in (BY_THEME, _table(total=None, total_margin=None), _table(total=20)):
        assert draft(Report(), table) == table


def test_a_draw_is_spent_once_however_many_tables_show_it() -> None:
    """Themes and their areas come of one draw, and of two quarters a case is in one."""
    areas = _table(release_id=UUID(int=17), dimension="area").figures
    assert 1.0 == spent((THEMES, areas))
    assert 2.0 == spent((THEMES, areas, BY_UNIT.figures))


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
    """Approval is the moment at which an interpretation becomes readable; what it was written for is
    frozen with it.
    """
    start = given(Report(), evolve, [DRAFTED])
    start.when(approving()).then(APPROVED)
    start.when(lambda report: approve(report, GROUND, WORDS, OF_SECTIONS)).then(
        APPROVED, SectionsApproved(encoded_sections(SECTIONS))
    )
    assert {"summary": WORDS, **OF_SECTIONS} == {
        section.code: section.words for section in SECTIONS if section.words is not None
    }


def test_words_are_approved_with_what_they_were_written_for_and_nothing_else() -> None:
    """What came in since the adviser read the draft is not frozen under words about something else."""
    draft = given(Report(), evolve, [DRAFTED])
    read = digest_of(build(GROUND, {}))
    assert read == digest_of(SECTIONS)  # words are no part of it
    draft.when(lambda report: approve(report, GROUND, WORDS, OF_SECTIONS, read=read)).then(
        APPROVED, SectionsApproved(encoded_sections(SECTIONS))
    )
    later = replace(GROUND, tables=())
    draft.when(lambda report: approve(report, later, WORDS, OF_SECTIONS, read=read)).then_refused(
        Code.CONFLICT
    )


def test_words_are_tidied_and_not_changed() -> None:
    """Line ends, tabs, accents and outer space are brought into one form; nothing else."""
    typed = "  Cafe\u0301 over\tgedrag \r\n\r\n*niet* #vet  "
    tidy = "Café over gedrag\n\n*niet* #vet"
    event = approving(typed, {**OF_SECTIONS, "nature": typed})(
        given(Report(), evolve, [DRAFTED]).state
    )
    assert tidy == event.interpretation
    assert SectionWords("nature", tidy) in event.words


@pytest.mark.parametrize("nothing", ["", " \n\t ", "—", "…!", "\u200b"])
def test_no_figure_leaves_without_words(nothing: str) -> None:
    """An interpretation without a letter or a digit is none; a section with figures has words of its own,
    and the refusal names it.
    """
    start = given(Report(), evolve, [DRAFTED])
    start.when(approving(nothing)).then_refused(Code.INTERPRETATION_MISSING)
    without = {code: text for code, text in OF_SECTIONS.items() if code != "nature"}
    for words in (without, {**OF_SECTIONS, "nature": nothing}, {**without, "guide": WORDS}):
        refusal = start.when(approving(WORDS, words)).then_refused(
            Code.WORDS_MISSING, section="nature"
        )
        assert "'What it is about' (nature)" in refusal.sentence("en")
        assert "'Waar het over gaat' (nature)" in refusal.sentence("nl")


@pytest.mark.parametrize("code", ["summary", "naturee", ""])
def test_words_for_no_section_are_refused(code: str) -> None:
    """The opening words are the interpretation; what is no section's is not kept unseen."""
    given(Report(), evolve, [DRAFTED]).when(
        approving(WORDS, {**OF_SECTIONS, code: WORDS})
    ).then_refused(Code.INVALID_INPUT, field="words")


def test_8000_characters_are_taken_and_one_more_is_not() -> None:
    """The bound is counted in characters, after tidying; of a section's words too."""
    start = given(Report(), evolve, [DRAFTED])
    start.when(approving(" é" * 4_000)).then(replace(APPROVED, interpretation=("é " * 4_000)[:-1]))
    start.when(approving("é" * 8_000)).then(replace(APPROVED, interpretation="é" * 8_000))
    start.when(approving("é" * 8_001)).then_refused(Code.TOO_LARGE, limit=8_000)
    start.when(approving(WORDS, {**OF_SECTIONS, "nature": "é" * 8_001})).then_refused(
        Code.TOO_LARGE, limit=8_000
    )


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u202e", "\ud800"])
def test_control_characters_are_refused(sign: str) -> None:
    """What steers a terminal, or turns the direction of text, is refused and not repeated."""
    start, typed = given(Report(), evolve, [DRAFTED]), f"Wij zien {sign} rust."
    for words in (approving(typed), approving(WORDS, {**OF_SECTIONS, "nature": typed})):
        refusal = start.when(words).then_refused(Code.INVALID_INPUT)
        assert sign not in refusal.sentence("en")


def test_a_second_approval_replaces_the_words() -> None:
    """Until publication an adviser may approve better words."""
    better = replace(APPROVED, interpretation="Wij zien rust.")
    start = given(Report(), evolve, [DRAFTED, APPROVED])
    start.when(approving("Wij zien rust.")).then(better)
    state = evolve(start.state, better)
    assert (better, 2) == (approved(state), state.approvals)


# Published --------------------------------------------------------------------------------------


def test_a_publication_freezes_what_was_approved_for_its_readers() -> None:
    """Each gets the sections of the outline, or those that the adviser chose, in the report's order."""
    start = given(Report(), evolve, [DRAFTED, APPROVED])
    snapshot = freezing()(start.state)
    assert SECTIONS == snapshot.sections
    assert (date(2026, 6, 30), 1, None) == (snapshot.cut_off, snapshot.version, snapshot.changes)
    everything = tuple(section.code for section in SECTIONS)
    of_staff = tuple(code for code in everything if code in sections_for("all_staff", everything))
    assert {"hr": everything, "board": everything, "all_staff": of_staff} == snapshot.versions
    assert {"summary", "guide"} <= set(of_staff) < set(everything)
    chosen = Chosen(audience="all_staff", sections=("nature", "summary"))
    assert {"all_staff": ("summary", "nature")} == freezing(chosen)(start.state).versions


def test_two_versions_never_differ_in_a_number() -> None:
    """They are cut from the same sections, whoever chose what."""
    snapshot = freezing(Chosen(audience="hr"), Chosen(audience="all_staff", sections=("nature",)))(
        given(Report(), evolve, [DRAFTED, APPROVED]).state
    )
    whole = {section.code: section for section in snapshot.for_audience("hr")}
    staff = snapshot.for_audience("all_staff")
    assert "nature" in {section.code for section in staff}
    for section in staff:
        assert encoded_sections((section,)) == encoded_sections((whole[section.code],))


def test_words_that_open_a_report_are_read_by_those_whose_version_has_them() -> None:
    """They are a section like another: an adviser may leave it out for some readers."""
    snapshot = freezing(Chosen(audience="hr"), Chosen(audience="board", sections=("nature",)))(
        given(Report(), evolve, [DRAFTED, APPROVED]).state
    )
    expected: dict[Audience | None, str | None] = {"hr": WORDS, "board": None, None: WORDS}
    for audience, opening in expected.items():
        read = Reading(
            published=Publication(PUBLISHED, WORDS),
            snapshot=snapshot,
            audience=audience,
            version=1,
            changes=None,
        )
        assert opening == read.opening
    old = Reading(
        published=Publication(PUBLISHED, WORDS),
        snapshot=None,
        audience="hr",
        version=1,
        changes=None,
    )
    assert WORDS == old.opening


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ((Chosen(audience="hr"), Chosen(audience="hr")), "audiences"),
        ((Chosen(audience="hr", sections=("causes",)),), "sections"),
        ((Chosen(audience="hr", sections=()),), "sections"),
    ],
)
def test_readers_are_chosen_once_and_get_something(chosen: tuple[Chosen, ...], field: str) -> None:
    """A section that the report does not have is nobody's."""
    given(Report(), evolve, [DRAFTED, APPROVED]).when(freezing(*chosen)).then_refused(
        Code.INVALID_INPUT, field=field
    )


@pytest.mark.parametrize("before", [[InterpretationSaved((COPY,))], [ReportApproved(WORDS)]])
def test_a_report_without_approval_is_not_published(before: list[object]) -> None:
    """A sealed draft is no approval, and one from before there were sections froze none."""
    given(Report(), evolve, [DRAFTED, *before]).when(freezing()).then_refused(Code.NOT_APPROVED)


CHANGES: dict[str, Callable[[Report], object]] = {
    "save": lambda report: save_interpretation(report, (COPY,)),
    "approve": approving(),
    "publish": freezing(),
}


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
def test_a_published_report_is_frozen(change: Callable[[Report], object]) -> None:
    """Nothing is added to a published report."""
    given(Report(), evolve, [DRAFTED, APPROVED, PUBLISHED]).when(change).then_refused(
        Code.ALREADY_PUBLISHED
    )


CORRECTION = CorrectionBegun("De kop van een tabel was fout.")
OTHERS: dict[str, Callable[[Report], object]] = {
    "correct": lambda report: begin_correction(report, CORRECTION.changes),
}


@pytest.mark.parametrize("change", [*CHANGES.values(), *OTHERS.values()], ids=[*CHANGES, *OTHERS])
def test_a_report_that_does_not_exist_is_not_found(change: Callable[[Report], object]) -> None:
    """No command makes a report: only a release does."""
    given(Report(), evolve).when(change).then_refused(Code.NOT_FOUND)


def test_the_status_follows_the_events() -> None:
    """Drafted, approved, published, and a version for each event; corrected, it begins anew, and what is
    out stays out.
    """
    state = Report()
    seen = []
    again = replace(PUBLISHED, version=2)
    events: tuple[Event, ...] = (
        DRAFTED,
        InterpretationSaved((COPY,)),
        APPROVED,
        PUBLISHED,
        CORRECTION,
        APPROVED,
        again,
    )
    for number, event in enumerate(events, start=1):
        state = evolve(state, event)
        assert number == state.version
        seen.append((state.status.value, len(state.publications)))
    assert [
        ("drafted", 0),
        ("drafted", 0),
        ("approved", 0),
        ("published", 1),
        ("drafted", 1),
        ("approved", 1),
        ("published", 2),
    ] == seen
    assert ((), WORDS) == (state.drafts, state.interpretation)


# Read and corrected -----------------------------------------------------------------------------

OUT = [DRAFTED, APPROVED, PUBLISHED]


def test_a_new_version_says_what_it_corrects_and_goes_to_all_who_read_the_one_before() -> None:
    """From the same tables: what arrives meanwhile does not join."""
    start = given(Report(), evolve, OUT)
    start.when(OTHERS["correct"]).then(CORRECTION)
    state = given(Report(), evolve, [*OUT, CORRECTION, APPROVED])
    snapshot = freezing()(state.state)
    assert (2, CORRECTION.changes) == (snapshot.version, snapshot.changes)
    state.when(freezing(Chosen(audience="hr"))).then_refused(Code.INVALID_INPUT, field="audiences")
    noisy = given(Report(), evolve, [BY_THEME, APPROVED, PUBLISHED, CORRECTION])
    noisy.when(lambda report: draft(report, BY_UNIT)).then()


@pytest.mark.parametrize(
    ("before", "changes", "code"),
    [
        ([DRAFTED, APPROVED], "Iets.", Code.NOT_PUBLISHED),
        ([*OUT, CORRECTION], "Iets.", Code.ALREADY_EXISTS),
        (OUT, " — ", Code.INVALID_INPUT),
        (OUT, "é" * 2_001, Code.TOO_LARGE),
    ],
)
def test_only_what_is_out_is_corrected_once_at_a_time(
    before: list[object], changes: str, code: Code
) -> None:
    """A draft is changed without that, and a correction that says nothing is none."""
    given(Report(), evolve, before).when(
        lambda report: begin_correction(report, changes)
    ).then_refused(code)


def test_a_reader_acknowledges_the_newest_version_once() -> None:
    """Another reader of the same role does it too, and each version anew."""

    def reading(version: int, reader: str = "anna") -> Callable[[Report], ReportAcknowledged]:
        return lambda report: acknowledge(
            report, version, role="hr", reader=reader, on=date(2026, 7, 21)
        )

    start = given(Report(), evolve, OUT)
    event = reading(1)(start.state)
    assert ReportAcknowledged(version=1, role="hr", reader="anna", on=date(2026, 7, 21)) == event
    start.when(reading(2)).then_refused(Code.INVALID_INPUT, field="version")
    read = given(Report(), evolve, [*OUT, event])
    read.when(reading(1)).then_refused(Code.ALREADY_EXISTS)
    read.when(reading(1, "bram")).then(replace(event, reader="bram"))
    corrected = [*OUT, event, CORRECTION, APPROVED, replace(PUBLISHED, version=2)]
    given(Report(), evolve, corrected).when(reading(2)).then(replace(event, version=2))


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
