"""The tables of a policy document: every key, what it takes, and what holds without it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from classifier.domain import Action
from classifier.listing import make_listing
from classifier.owner import Mode, Premoderation
from classifier.policy_values import Conflict
from classifier.rules import Where, check_pattern, word_key


def _never(value: Any) -> Any:
    return None if value == "never" else value


def _or_never(value: float | None) -> float | str:
    return "never" if value is None else value


def _pattern(value: str) -> str:
    check_pattern(value)
    return value


def _word(value: str) -> str:
    word_key(value)
    return value


def _ip_range(value: str) -> str:
    try:
        make_listing(ips=[value])
    except ValueError:
        raise ValueError("must be an IP address or range such as 192.0.2.0/24") from None
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain the NUL character")
    return value


def _domain(value: str) -> str:
    if "." not in value or any(sign in value for sign in "/@: *"):
        raise ValueError("must be a domain such as example.org; it covers what is below it")
    return value


_CHANCE_SCHEMA: Final = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"const": "never"}]}
_DAYS_SCHEMA: Final = {"anyOf": [{"type": "integer", "minimum": 0}, {"const": "never"}]}
#: In the schema, ``None`` is said as it is written.
_NEVER: Final[JsonDict] = {"default": "never"}
Chance = Annotated[
    Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)] | None,
    BeforeValidator(_never),
    PlainSerializer(_or_never, return_type=Any),
    WithJsonSchema(_CHANCE_SCHEMA),
]
Days = Annotated[
    Annotated[int, Field(ge=0, le=36_500, strict=True)] | None,
    BeforeValidator(_never),
    PlainSerializer(_or_never, return_type=Any),
    WithJsonSchema(_DAYS_SCHEMA),
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strict=True), AfterValidator(_no_nul)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,23}$", strict=True)]
Pattern = Annotated[Line, Field(max_length=500), AfterValidator(_pattern)]
Word = Annotated[Line, AfterValidator(_word)]
Domain = Annotated[Line, AfterValidator(_domain)]
IpRange = Annotated[Line, AfterValidator(_ip_range)]
Flag = Annotated[bool, Field(strict=True)]
HoldOrReject = Literal["hold", "reject"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdsTable(_Table):
    """From which score on one head asks for an action; "never" for not at all."""

    hold_at: Chance = Field(None, json_schema_extra=_NEVER)
    reject_at: Chance = Field(None, json_schema_extra=_NEVER)


class HeadsTable(_Table):
    """Thresholds per head; a head that nobody names is not acted on by its score alone."""

    spam: ThresholdsTable = ThresholdsTable()
    toxicity: ThresholdsTable = ThresholdsTable()
    severe_toxicity: ThresholdsTable = ThresholdsTable()
    insult: ThresholdsTable = ThresholdsTable()
    threat: ThresholdsTable = ThresholdsTable()
    identity_attack: ThresholdsTable = ThresholdsTable()
    obscene: ThresholdsTable = ThresholdsTable()
    sexual: ThresholdsTable = ThresholdsTable()


class HarmTable(_Table):
    """What is done about threats, private addresses, and calls to kill oneself or a group; a person sees them first."""

    threat: HoldOrReject = "hold"
    doxing: HoldOrReject = "hold"
    self_harm: HoldOrReject = "hold"
    group: HoldOrReject = "hold"


class ConflictTable(_Table):
    """From when on model and rules disagree so strongly that a person decides; "never" for not at all."""

    approve_over: Chance = Conflict().approve_over
    reject_under: Chance = Conflict().reject_under


class ListTable(_Table):
    """Domains (with what is below them), e-mail addresses, names, IP addresses or ranges, and your ids of authors."""

    domains: tuple[Domain, ...] = ()
    emails: tuple[Line, ...] = ()
    names: tuple[Line, ...] = ()
    ips: tuple[IpRange, ...] = ()
    ids: tuple[Line, ...] = ()


class BlockTable(ListTable):
    """Who and what is not wanted, and what becomes of their comments."""

    action: HoldOrReject = "reject"


class PremoderationTable(_Table):
    """Which comments wait for a person however harmless they are."""

    modes: tuple[Mode, ...] = ()
    old_articles_days: Annotated[int, Field(ge=0, le=36_500, strict=True)] = Premoderation().old_articles_days
    authors: ListTable = ListTable()
    typed_emails: Flag = False


class ClosedTable(_Table):
    """Which articles take no comments any more: this one, those of some age, or those listed (path or address)."""

    always: Flag = False
    after_days: Days = Field(None, json_schema_extra=_NEVER)
    articles: tuple[Line, ...] = ()
    action: HoldOrReject = "reject"


class RuleTable(_Table):
    """One rule: what it looks for, and either the action it forces or the weight it adds to a head."""

    enabled: Flag = True
    words: tuple[Word, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    where: Where = Where.TEXT
    action: Action | None = None
    weight: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False, strict=True)] = 0.0
    head: Literal["spam", "toxicity", "severe_toxicity", "insult", "threat", "identity_attack", "obscene", "sexual"] = (
        "spam"
    )
    message: Annotated[str, StringConstraints(max_length=300, strict=True), AfterValidator(_no_nul)] = ""
    final: Flag = False

    @model_validator(mode="after")
    def _whole(self) -> RuleTable:
        if not self.enabled:
            return self
        if not self.words and not self.patterns:
            raise ValueError("give words or patterns to look for")
        if self.words and self.where is Where.RAW:
            raise ValueError("words are looked for in the text or the name; only patterns can look at the raw text")
        if (self.action is None) == (self.weight == 0):
            raise ValueError("give either an action or a weight")
        if self.final and self.action is None:
            raise ValueError("final goes with an action")
        return self


class MatchTable(_Table):
    """Which articles a section is about: paths and what is below them, or any of the tags."""

    paths: tuple[Annotated[Line, StringConstraints(pattern=r"^/")], ...] = ()
    tags: tuple[Line, ...] = ()


class PolicyDocument(_Table):
    """A policy: only what is to be otherwise than in the document it is laid over."""

    name: Name | None = None
    match: MatchTable = MatchTable()
    heads: HeadsTable = HeadsTable()
    harm: HarmTable = HarmTable()
    conflict: ConflictTable = ConflictTable()
    premoderation: PremoderationTable = PremoderationTable()
    closed: ClosedTable = ClosedTable()
    rules: dict[Name, RuleTable] = {}
    allow: ListTable = ListTable()
    block: BlockTable = BlockTable()
