"""Response models that take a decision apart: what would have to be different, and what added up to a score."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from classifier.domain import Action, Change
from classifier.ledger import What

Span = Annotated[list[int], Field(min_length=2, max_length=2)]


class CounterfactualOut(BaseModel):
    """The smallest single change that would get the comment approved, or else the one that comes closest."""

    change: Change = Field(
        description="rule: without a rule, list entry or gate of yours; fact: without something about author, form or "
        "past; links, words: without these `spans`; known_author: from one; none: nothing that was tried helps."
    )
    action: Action = Field(description="What is decided on the changed comment.")
    message: str = Field(description="One sentence for people, such as Without the link: approve.")
    code: str | None = Field(None, description="The rule or signal that was left out.")
    spans: list[Span] | None = Field(None, description="What was cut out; with none, what weighs most.")


class PartOut(BaseModel):
    """One amount of an account."""

    what: What = Field(description="Where it comes from.")
    says: str = Field(description="In words that can be checked by counting in the text.")
    amount: float = Field(description="In logits; positive speaks against the comment.")
    code: str | None = Field(None, description="Of a signal or rule.")
    spans: list[Span] | None = Field(None, description="Where in the text as you sent it.")


class AccountOut(BaseModel):
    """What one score is made of; the amounts of the parts add up to the logit."""

    logit: float
    score: float = Field(description="The probability that the logit stands for.")
    hold_at: float | None = Field(description="From which score on the policy holds; null: never, or not known.")
    reject_at: float | None = Field(description="From which score on the policy rejects.")
    parts: list[PartOut]


class AccountsOut(BaseModel):
    """An account for each score."""

    spam: AccountOut
    toxicity: AccountOut
    severe_toxicity: AccountOut
    insult: AccountOut
    threat: AccountOut
    identity_attack: AccountOut
    obscene: AccountOut
    sexual: AccountOut


class ExplanationOut(BaseModel):
    """The accounts of the decision on a comment's current revision."""

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    revision: int
    action: Action = Field(description="What the machine decided.")
    model: str
    policy: str
    accounts: AccountsOut
