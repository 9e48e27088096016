"""The mirror for leaders: layers, their own view, what is laid beside it, and their acknowledgement.

No type here has a place for a person, and nothing of it is handed out as a file.
"""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, BOARD, COORDINATOR, HR, LEADERS, MANAGER, grant, table
from services.gateway.schema.base import (
    Base64,
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.taxonomy import Term
from shared.contracts import reporting_mirror as told
from shared.contracts import rpc


@strawberry.enum(description="How far a layer's round is.")
class MirrorStage(Enum):
    """See Mirror."""

    OPENED = "opened"
    COMPOSED = "composed"
    SHARED = "shared"
    ACKNOWLEDGED = "acknowledged"


@strawberry.enum(description="The leaders' own view beside employees' answers.")
class MirrorView(Enum):
    """See MirrorItem."""

    ALIKE = "alike"
    MORE_FAVOURABLE = "more_favourable"
    LESS_FAVOURABLE = "less_favourable"
    CANNOT_BE_SAID = "cannot_be_said"


@strawberry.enum(description="How employees' answers moved since the layer's last mirror.")
class MirrorChange(Enum):
    """See MirrorItem."""

    HIGHER = "higher"
    LOWER = "lower"
    NOT_CLEAR = "not_clear"
    CANNOT_BE_SAID = "cannot_be_said"


@strawberry.enum(description="A theme that leaders expected, beside what is released.")
class MirrorThemeView(Enum):
    """See MirrorTheme."""

    EXPECTED = "expected"
    NOT_EXPECTED = "not_expected"
    CANNOT_BE_SAID = "cannot_be_said"


def _terms(phrases: Iterable[told.MirrorPhrase], language: LanguageChoice) -> list[Term]:
    return [
        Term(code=one.code, label=one.nl if language is LanguageChoice.NL else one.en, parent=None)
        for one in phrases
    ]


@strawberry.type(description="How far a layer's round of a half-year is.")
class MirrorRound:
    """A round."""

    period: str
    stage: MirrorStage


@strawberry.type(description="Leaders of one level or more, of the whole organisation.")
class LeadershipLayer:
    """A layer that stands."""

    id: strawberry.ID
    name: str
    levels: list[str]
    leaders: int
    rounds: list[MirrorRound] = strawberry.field(
        description="Of the last four half-years, newest first."
    )


@strawberry.type(description="The layers that stand, and what mirrors are made of.")
class LeadershipLayers:
    """All layers."""

    items: list[LeadershipLayer]
    levels: list[Term]
    effects: list[Term]
    questions: list[Term]


@strawberry.type(description="What the layer agreed on beforehand, as one answer.")
class LeadersView:
    """The own view."""

    answers: list[int] = strawberry.field(description="From 1 to 5; 0: not agreed.")
    themes: list[Term]
    effects: list[Term]
    present: int


@strawberry.type(description="An item: how leaders see it beside employees' answers.")
class MirrorItem:
    """One item. `low` and `high` are of employees' mean, with its margin."""

    code: str
    label: str
    own: int | None
    low: float | None
    high: float | None
    view: MirrorView
    sentence: str
    own_then: int | None = strawberry.field(
        description="At the layer's last mirror; for the layer and the adviser alone."
    )
    view_then: MirrorView | None
    change: MirrorChange | None
    change_sentence: str | None

    @classmethod
    def of(cls, one: told.MirrorItem, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        dutch = language is LanguageChoice.NL
        return cls(
            code=one.code,
            label=one.nl if dutch else one.en,
            own=one.own,
            low=None if one.low is None else one.low / 100,
            high=None if one.high is None else one.high / 100,
            view=MirrorView(one.view),
            sentence=one.sentence_nl if dutch else one.sentence_en,
            own_then=one.own_then,
            view_then=None if one.view_then is None else MirrorView(one.view_then),
            change=None if one.change is None else MirrorChange(one.change),
            change_sentence=one.change_nl if dutch else one.change_en,
        )


@strawberry.type(description="A theme that leaders expected, or that is told of.")
class MirrorTheme:
    """One theme."""

    code: str
    label: str
    view: MirrorThemeView
    sentence: str


@strawberry.type(description="The layer's own words on a question.")
class MirrorReflection:
    """One answer."""

    question: str
    words: str


@strawberry.type(description="A layer's mirror, as far as you may see it.")
class Mirror:
    """A mirror."""

    purpose: str = strawberry.field(description="What it is for, and what it is not for.")
    layer_id: strawberry.ID
    layer: str
    leaders: int
    period: str
    stage: MirrorStage
    asked: list[Term] = strawberry.field(
        description="The items of the own view: what would most people here answer?"
    )
    own_view: LeadersView | None
    themes: list[Term]
    effects: list[Term] = strawberry.field(description="What behaviour evokes.")
    questions: list[Term] = strawberry.field(description="To think over together.")
    words: str | None = strawberry.field(description="The adviser's.")
    items: list[MirrorItem]
    seen_themes: list[MirrorTheme]
    before: str | None = strawberry.field(description="The half-year of the layer's last mirror.")
    acknowledged_on: date | None
    reflections: list[MirrorReflection]
    open_to_others: bool

    @classmethod
    def of(cls, found: told.Mirror, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        dutch, view = language is LanguageChoice.NL, found.view
        return cls(
            purpose=found.purpose_nl if dutch else found.purpose_en,
            layer_id=strawberry.ID(found.layer_id),
            layer=found.layer_nl if dutch else found.layer_en,
            leaders=found.leaders,
            period=found.period,
            stage=MirrorStage(found.stage),
            asked=_terms(found.asked, language),
            own_view=None
            if view is None
            else LeadersView(
                answers=list(view.answers),
                themes=_terms(view.themes, language),
                effects=_terms(view.effects, language),
                present=view.present,
            ),
            themes=_terms(found.themes, language),
            effects=_terms(found.effects, language),
            questions=_terms(found.questions, language),
            words=found.words,
            items=[MirrorItem.of(one, language) for one in found.items],
            seen_themes=[
                MirrorTheme(
                    code=one.code,
                    label=one.nl if dutch else one.en,
                    view=MirrorThemeView(one.view),
                    sentence=one.sentence_nl if dutch else one.sentence_en,
                )
                for one in found.seen_themes
            ],
            before=found.before,
            acknowledged_on=found.acknowledged_on,
            reflections=[
                MirrorReflection(question=one.question, words=one.words)
                for one in found.reflections
            ],
            open_to_others=found.open_to_others,
        )


@strawberry.type
class MirrorQuery:
    """Questions about mirrors."""

    @described("The leadership layers that stand, and how far their rounds are.")
    async def leadership_layers(
        self, info: Info, language: LanguageChoice = LanguageChoice.EN
    ) -> LeadershipLayers:
        """Asks reporting."""
        verb = "reporting.leadership_layers"
        found = await ask(info, verb, rpc.Empty(), told.LeadershipLayers)
        return LeadershipLayers(
            items=[
                LeadershipLayer(
                    id=strawberry.ID(one.id),
                    name=one.nl if language is LanguageChoice.NL else one.en,
                    levels=list(one.levels),
                    leaders=one.leaders,
                    rounds=[
                        MirrorRound(period=each.period, stage=MirrorStage(each.stage))
                        for each in one.rounds
                    ],
                )
                for one in found.items
            ],
            levels=_terms(found.levels, language),
            effects=_terms(found.effects, language),
            questions=_terms(found.questions, language),
        )

    @described("A layer's mirror of a half-year: for its leaders, by its key, and for advisers.")
    async def mirror(
        self,
        info: Info,
        layer_id: strawberry.ID,
        period: str,
        key: Annotated[
            Base64 | None,
            strawberry.argument(description="The layer's, as the adviser gave it to you."),
        ] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> Mirror | None:
        """Asks reporting."""
        request = told.MirrorQuery(layer_id=uuid_text("layerId", layer_id), period=period, key=key)
        found = await ask_or_none(info, "reporting.mirror", request, told.Mirror)
        return None if found is None else Mirror.of(found, language)

    @described("The mirrors of a half-year that their layers let others see.")
    async def shared_mirrors(
        self, info: Info, period: str, language: LanguageChoice = LanguageChoice.EN
    ) -> list[Mirror]:
        """Asks reporting."""
        request = told.SharedMirrorsQuery(period=period)
        found = await ask(info, "reporting.shared_mirrors", request, told.SharedMirrors)
        return [Mirror.of(one, language) for one in found.items]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class DeclareLeadershipLayerInput:
    """A layer, or the number of leaders that it has now."""

    idempotency_key: strawberry.ID
    levels: list[str] = strawberry.field(description="Codes: board, senior, middle, team.")
    leaders: int = strawberry.field(description="10 at the least.")

    def request(self) -> told.DeclareLeadershipLayer:
        """As reporting takes it."""
        return told.DeclareLeadershipLayer(levels=tuple(self.levels), leaders=self.leaders)


@strawberry.input
class WithdrawLeadershipLayerInput:
    """It is a layer no more."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID

    def request(self) -> told.WithdrawLeadershipLayer:
        """As reporting takes it."""
        return told.WithdrawLeadershipLayer(layer_id=uuid_text("layerId", self.layer_id))


@strawberry.input
class OpenMirrorInput:
    """A layer's round of the half-year that runs."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID
    period: str
    key_hash: Base64 = strawberry.field(
        description="SHA-256 of 32 random bytes: the layer's key, which you hand to its leaders."
    )

    def request(self) -> told.OpenMirror:
        """As reporting takes it."""
        return told.OpenMirror(
            layer_id=uuid_text("layerId", self.layer_id),
            period=self.period,
            key_hash=self.key_hash,
        )


@strawberry.input
class GiveLeadersViewInput:
    """The one view that the layer agreed on."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID
    period: str
    key: Base64
    answers: list[int] = strawberry.field(
        description="What most people here would answer, from 1 to 5, to each item; 0: not agreed."
    )
    themes: list[str] = strawberry.field(
        default_factory=list, description="Codes of themes that you expect; five at the most."
    )
    effects: list[str] = strawberry.field(
        default_factory=list, description="What you think your behaviour evokes; five at the most."
    )
    present: int = strawberry.field(description="How many leaders of the layer talked it over.")

    def request(self) -> told.GiveLeadersView:
        """As reporting takes it."""
        return told.GiveLeadersView(
            layer_id=uuid_text("layerId", self.layer_id),
            period=self.period,
            key=self.key,
            answers=tuple(self.answers),
            themes=tuple(self.themes),
            effects=tuple(self.effects),
            present=self.present,
        )


@strawberry.input
class ComposeMirrorInput:
    """The mirror, made of what is released."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID
    period: str
    themes: list[str] = strawberry.field(
        description="Codes of themes of which a released figure is shown; five at the most."
    )
    effects: list[str] = strawberry.field(default_factory=list)
    questions: list[str] = strawberry.field(description="Codes; one to five.")
    words: str = strawberry.field(description="Yours, to the layer.")
    words_stand: bool = strawberry.field(
        default=False, description="Keep them, although a word in them judges."
    )

    def request(self) -> told.ComposeMirror:
        """As reporting takes it."""
        return told.ComposeMirror(
            layer_id=uuid_text("layerId", self.layer_id),
            period=self.period,
            themes=tuple(self.themes),
            effects=tuple(self.effects),
            questions=tuple(self.questions),
            words=self.words,
            words_stand=self.words_stand,
        )


@strawberry.input
class ShareMirrorInput:
    """Let the layer see it."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID
    period: str

    def request(self) -> told.ShareMirror:
        """As reporting takes it."""
        return told.ShareMirror(layer_id=uuid_text("layerId", self.layer_id), period=self.period)


@strawberry.input
class MirrorReflectionInput:
    """The layer's own words on a question of the mirror."""

    question: str
    words: str

    def shape(self) -> told.MirrorReflection:
        """As reporting takes it."""
        return told.MirrorReflection(question=self.question, words=self.words)


@strawberry.input
class AcknowledgeMirrorInput:
    """The layer saw it and talked it over."""

    idempotency_key: strawberry.ID
    layer_id: strawberry.ID
    period: str
    key: Base64
    reflections: list[MirrorReflectionInput] = strawberry.field(default_factory=list)
    open_to_others: bool = strawberry.field(
        default=False,
        description="Let HR, board, works council and readers of the report see mirror and words.",
    )

    def request(self) -> told.AcknowledgeMirror:
        """As reporting takes it."""
        return told.AcknowledgeMirror(
            layer_id=uuid_text("layerId", self.layer_id),
            period=self.period,
            key=self.key,
            reflections=tuple(one.shape() for one in self.reflections),
            open_to_others=self.open_to_others,
        )


@strawberry.type
class _LayerPayload:
    layer_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(layer_id=strawberry.ID(done.id))


@strawberry.type
class DeclareLeadershipLayerPayload(_LayerPayload):
    """It stands."""


@strawberry.type
class WithdrawLeadershipLayerPayload(_LayerPayload):
    """It stands no more."""


@strawberry.type
class _RoundPayload:
    period: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(period=done.id)


@strawberry.type
class OpenMirrorPayload(_RoundPayload):
    """The round is open."""


@strawberry.type
class GiveLeadersViewPayload(_RoundPayload):
    """The view is kept."""


@strawberry.type
class ComposeMirrorPayload(_RoundPayload):
    """The mirror is composed."""


@strawberry.type
class ShareMirrorPayload(_RoundPayload):
    """The layer can see it."""


@strawberry.type
class AcknowledgeMirrorPayload(_RoundPayload):
    """It is acknowledged."""


DeclareLeadershipLayerResult = Annotated[
    DeclareLeadershipLayerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DeclareLeadershipLayerResult"),
]
WithdrawLeadershipLayerResult = Annotated[
    WithdrawLeadershipLayerPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawLeadershipLayerResult"),
]
OpenMirrorResult = Annotated[
    OpenMirrorPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("OpenMirrorResult"),
]
GiveLeadersViewResult = Annotated[
    GiveLeadersViewPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("GiveLeadersViewResult"),
]
ComposeMirrorResult = Annotated[
    ComposeMirrorPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ComposeMirrorResult"),
]
ShareMirrorResult = Annotated[
    ShareMirrorPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ShareMirrorResult"),
]
AcknowledgeMirrorResult = Annotated[
    AcknowledgeMirrorPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AcknowledgeMirrorResult"),
]


@strawberry.type
class MirrorMutation:
    """Steps of a mirror."""

    @change("Declare a leadership layer, or tell how many leaders it has now.")
    async def declare_leadership_layer(
        self, info: Info, input: DeclareLeadershipLayerInput
    ) -> DeclareLeadershipLayerResult:
        """Asks reporting."""
        verb = "reporting.declare_leadership_layer"
        return await command(info, verb, input, rpc.Done, DeclareLeadershipLayerPayload.of)

    @change("Withdraw a leadership layer. What was told of it stays.")
    async def withdraw_leadership_layer(
        self, info: Info, input: WithdrawLeadershipLayerInput
    ) -> WithdrawLeadershipLayerResult:
        """Asks reporting."""
        verb = "reporting.withdraw_leadership_layer"
        return await command(info, verb, input, rpc.Done, WithdrawLeadershipLayerPayload.of)

    @change("Open a layer's round of the half-year that runs.")
    async def open_mirror(self, info: Info, input: OpenMirrorInput) -> OpenMirrorResult:
        """Asks reporting."""
        return await command(info, "reporting.open_mirror", input, rpc.Done, OpenMirrorPayload.of)

    @change(
        "Give the one view that your layer agreed on, before the half-year's figures are known."
    )
    async def give_leaders_view(
        self, info: Info, input: GiveLeadersViewInput
    ) -> GiveLeadersViewResult:
        """Asks reporting."""
        verb = "reporting.give_leaders_view"
        return await command(info, verb, input, rpc.Done, GiveLeadersViewPayload.of)

    @change("Compose a layer's mirror of what is released, or compose it anew.")
    async def compose_mirror(self, info: Info, input: ComposeMirrorInput) -> ComposeMirrorResult:
        """Asks reporting."""
        verb = "reporting.compose_mirror"
        return await command(info, verb, input, rpc.Done, ComposeMirrorPayload.of)

    @change("Let the layer see its mirror. Nothing of it is changed any more.")
    async def share_mirror(self, info: Info, input: ShareMirrorInput) -> ShareMirrorResult:
        """Asks reporting."""
        return await command(info, "reporting.share_mirror", input, rpc.Done, ShareMirrorPayload.of)

    @change("Acknowledge your layer's mirror, with its words where it wants to keep any.")
    async def acknowledge_mirror(
        self, info: Info, input: AcknowledgeMirrorInput
    ) -> AcknowledgeMirrorResult:
        """Asks reporting."""
        verb = "reporting.acknowledge_mirror"
        return await command(info, verb, input, rpc.Done, AcknowledgeMirrorPayload.of)


_DECLARES = HR | BOARD | COORDINATOR
_LAYER = BOARD | MANAGER
_OWN = ADVISER | _LAYER
_OTHERS = ADVISER | LEADERS
_SEE_LAYERS = ADVISER | LEADERS | MANAGER | COORDINATOR
_SEE = _OWN | _OTHERS

ACCESS = table(
    grant("Query", _SEE_LAYERS, "leadershipLayers leadershipLayers(language:)"),
    grant("LeadershipLayers", _SEE_LAYERS, "items levels effects questions"),
    grant("LeadershipLayer", _SEE_LAYERS, "id name levels leaders rounds"),
    grant("MirrorRound", _SEE_LAYERS, "period stage"),
    grant(
        "Query",
        _OWN,
        "mirror mirror(layerId:) mirror(period:) mirror(key:) mirror(language:)",
    ),
    grant("Query", _OTHERS, "sharedMirrors sharedMirrors(period:) sharedMirrors(language:)"),
    grant(
        "Mirror",
        _SEE,
        "purpose layerId layer leaders period stage asked ownView themes effects questions words "
        "items seenThemes before acknowledgedOn reflections openToOthers",
    ),
    grant("LeadersView", _SEE, "answers themes effects present"),
    grant(
        "MirrorItem",
        _SEE,
        "code label own low high view sentence ownThen viewThen change changeSentence",
    ),
    grant("MirrorTheme", _SEE, "code label view sentence"),
    grant("MirrorReflection", _SEE, "question words"),
    grant("Mutation", _DECLARES, "declareLeadershipLayer declareLeadershipLayer(input:)"),
    grant("DeclareLeadershipLayerInput", _DECLARES, "idempotencyKey levels leaders"),
    grant("DeclareLeadershipLayerPayload", _DECLARES, "layerId"),
    grant("Mutation", _DECLARES, "withdrawLeadershipLayer withdrawLeadershipLayer(input:)"),
    grant("WithdrawLeadershipLayerInput", _DECLARES, "idempotencyKey layerId"),
    grant("WithdrawLeadershipLayerPayload", _DECLARES, "layerId"),
    grant("Mutation", ADVISER, "openMirror openMirror(input:)"),
    grant("OpenMirrorInput", ADVISER, "idempotencyKey layerId period keyHash"),
    grant("OpenMirrorPayload", ADVISER, "period"),
    grant("Mutation", _LAYER, "giveLeadersView giveLeadersView(input:)"),
    grant(
        "GiveLeadersViewInput",
        _LAYER,
        "idempotencyKey layerId period key answers themes effects present",
    ),
    grant("GiveLeadersViewPayload", _LAYER, "period"),
    grant("Mutation", ADVISER, "composeMirror composeMirror(input:)"),
    grant(
        "ComposeMirrorInput",
        ADVISER,
        "idempotencyKey layerId period themes effects questions words wordsStand",
    ),
    grant("ComposeMirrorPayload", ADVISER, "period"),
    grant("Mutation", ADVISER, "shareMirror shareMirror(input:)"),
    grant("ShareMirrorInput", ADVISER, "idempotencyKey layerId period"),
    grant("ShareMirrorPayload", ADVISER, "period"),
    grant("Mutation", _LAYER, "acknowledgeMirror acknowledgeMirror(input:)"),
    grant(
        "AcknowledgeMirrorInput",
        _LAYER,
        "idempotencyKey layerId period key reflections openToOthers",
    ),
    grant("MirrorReflectionInput", _LAYER, "question words"),
    grant("AcknowledgeMirrorPayload", _LAYER, "period"),
)
