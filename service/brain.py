"""The brain as a process holds it: whatever model is in use judges, comments that come together in one batch.

What computes is imported when the model is read, which the web process does beside its first requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifier.domain import Context, Signal, Verdict
from service.champion import Champion
from service.store.engine import Store
from service.together import Piece, Together

if TYPE_CHECKING:
    from classifier.ledger import Account
    from classifier.policy import Policy
    from classifier.text import Document

#: So many comments are judged as one batch; larger batches are no cheaper.
PORTION: Final = 64


class Brain:
    """Judges comments; without a usable model it still answers, and holds."""

    def __init__(self, database: Store, models_dir: Path) -> None:
        self._champion = Champion(database, models_dir)
        self._together = Together(self._judge)

    def begin(self) -> None:
        """Read the model beside whatever else there is to do, and watch for promotions."""
        self._champion.watch()

    def close(self) -> None:
        """Stop watching for promotions."""
        self._champion.close()

    @property
    def model(self) -> str | None:
        """The version of the model in use, if any."""
        scorer = self._champion.in_use().scorer
        return None if scorer is None else scorer.version

    @property
    def fault(self) -> str | None:
        """Why the promoted model is not the one in use; nothing when it is."""
        return self._champion.in_use().fault

    def judge(
        self,
        contexts: Sequence[Context],
        policies: Sequence[Policy],
        documents: Sequence[Document | None] | None = None,
    ) -> list[Verdict]:
        """A verdict for each context under its policy, in order; ``documents`` are their texts where read already.

        Threads that ask at the same time are judged together: a batch costs each of its comments half, and threads
        that compute side by side only take the interpreter away from each other. Long lists go in portions, so that a
        single comment need not wait for a thousand.
        """
        cases = list(zip(contexts, policies, documents or [None] * len(contexts), strict=True))
        verdicts: list[Verdict] = []
        for start in range(0, len(cases), PORTION):
            verdicts += self._together.do(cases[start : start + PORTION])
        return verdicts

    def _judge(self, pieces: Sequence[Piece]) -> None:
        from classifier.assess import assess  # noqa: PLC0415

        contexts, policies, documents = zip(*(case for piece in pieces for case in piece.item), strict=True)
        verdicts = iter(assess(contexts, self._champion.in_use().scorer, policies, documents))
        for piece in pieces:
            piece.answer = list(islice(verdicts, len(piece.item)))

    def explain(self, context: Context, policy: Policy) -> dict[str, Account] | None:
        """What every score of a comment is made of as it is judged now; nothing without a model."""
        from classifier.ledger import ledger  # noqa: PLC0415

        scorer = self._champion.in_use().scorer
        return None if scorer is None else ledger(context, scorer, policy)

    def explain_again(
        self, model: str, text: str, signals: Sequence[Signal], policy: Policy | None, scores: Mapping[str, float]
    ) -> dict[str, Account] | None:
        """The same for a decision of before by what was recorded of it; nothing if another model is in use by now."""
        from classifier.ledger import accounts  # noqa: PLC0415
        from classifier.text import read  # noqa: PLC0415

        scorer = self._champion.in_use().scorer
        if scorer is None or scorer.version != model:
            return None
        return accounts(scorer, read(text), signals, policy, scores=scores)
