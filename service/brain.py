"""The brain as a process holds it: whatever model is in use judges, comments that come together in one batch.

What computes is imported when the model is read, which the web process does beside its first requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifier.domain import Context, Signal, Verdict
from service.champion import Champion, InUse
from service.store.engine import Store
from service.together import Piece, Together

if TYPE_CHECKING:
    from classifier.adaptation import Adaptation
    from classifier.ledger import Account
    from classifier.policy import Policy
    from classifier.text import Document
    from classifier.weighing import Weighed
    from service.adaptations import Adaptations

#: So many comments are judged as one batch; larger batches are no cheaper.
PORTION: Final = 64


class Brain:
    """Judges comments; without a usable model it still answers, and holds."""

    def __init__(self, database: Store, models_dir: Path) -> None:
        self._champion = Champion(database, models_dir)
        self._make_adaptations = partial(_adaptations_of, database, models_dir)
        self._adaptations: Adaptations | None = None
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

    def adaptation(self, site_id: str) -> Adaptation | None:
        """What this site's moderators taught the model in use; no other site is answered with it."""
        return self._adaptation(site_id, self._champion.in_use())

    def _adaptation(self, site_id: str | None, in_use: InUse) -> Adaptation | None:
        version = None if site_id is None else in_use.sites.get(site_id)
        if site_id is None or version is None or in_use.scorer is None:
            return None
        if self._adaptations is None:
            self._adaptations = self._make_adaptations()
        return self._adaptations.get(version, site_id=site_id, base=in_use.scorer.version)

    def judge(
        self,
        contexts: Sequence[Context],
        policies: Sequence[Policy],
        documents: Sequence[Document | None] | None = None,
        sites: Sequence[str | None] | None = None,
    ) -> list[Verdict]:
        """A verdict for each context under its policy, in order.

        ``documents`` are their texts where read already, ``sites`` the ids of the sites they were written on, which
        may have taught the model something.

        Threads that ask at the same time are judged together: a batch costs each of its comments half, and threads
        that compute side by side only take the interpreter away from each other. Long lists go in portions, so that a
        single comment need not wait for a thousand.
        """
        nothing = [None] * len(contexts)
        cases = list(zip(contexts, policies, documents or nothing, sites or nothing, strict=True))
        verdicts: list[Verdict] = []
        for start in range(0, len(cases), PORTION):
            verdicts += self._together.do(cases[start : start + PORTION])
        return verdicts

    def _judge(self, pieces: Sequence[Piece]) -> None:
        from classifier.assess import assess  # noqa: PLC0415

        contexts, policies, documents, sites = zip(*(case for piece in pieces for case in piece.item), strict=True)
        in_use = self._champion.in_use()
        adaptations = [self._adaptation(site_id, in_use) for site_id in sites]
        verdicts = iter(assess(contexts, in_use.scorer, policies, documents, adaptations))
        for piece in pieces:
            piece.answer = list(islice(verdicts, len(piece.item)))

    def weigh_twice(
        self, contexts: Sequence[Context], policies: Sequence[tuple[Policy, Policy]], site_id: str
    ) -> list[tuple[Weighed, Weighed]]:
        """The comments of a site under one policy and under another.

        Raises:
            LookupError: there is no model.
        """
        from classifier.whatif import weigh_twice  # noqa: PLC0415

        in_use = self._champion.in_use()
        if in_use.scorer is None:
            raise LookupError("No model is loaded.")
        return weigh_twice(contexts, in_use.scorer, policies, self._adaptation(site_id, in_use))

    def is_ready(self, within: float) -> bool:
        """Whether a model can judge, or will within so many seconds."""
        return self._champion.is_ready(within)

    def scores(self, texts: Sequence[str], policy: Policy, site_id: str) -> list[Mapping[str, float]]:
        """The scores of parts of a comment on this site, each as if it were all of it; nothing without a model."""
        from classifier.assess import scores_of  # noqa: PLC0415

        in_use = self._champion.in_use()
        if in_use.scorer is None:
            return []
        return scores_of(texts, in_use.scorer, policy, self._adaptation(site_id, in_use))

    def explain(self, context: Context, policy: Policy, site_id: str) -> dict[str, Account] | None:
        """What every score of a comment on this site is made of as it is judged now; nothing without a model."""
        from classifier.ledger import ledger  # noqa: PLC0415

        in_use = self._champion.in_use()
        if in_use.scorer is None:
            return None
        return ledger(context, in_use.scorer, policy, self._adaptation(site_id, in_use))

    def explain_again(
        self,
        model: str,
        text: str,
        *,
        signals: Sequence[Signal],
        policy: Policy | None,
        scores: Mapping[str, float],
        site_id: str,
    ) -> dict[str, Account] | None:
        """The same for a decision of before by what was recorded of it; nothing if another model is in use by now."""
        from classifier.adaptation import logits_on  # noqa: PLC0415
        from classifier.ledger import accounts  # noqa: PLC0415
        from classifier.text import read  # noqa: PLC0415

        in_use = self._champion.in_use()
        scorer, (of_all, _, of_site) = in_use.scorer, model.partition("+")
        adaptation = self._adaptation(site_id, in_use) if of_site else None
        if scorer is None or scorer.version != of_all or (adaptation.version if adaptation else "") != of_site:
            return None
        document = read(text)
        logits = None if adaptation is None else logits_on(scorer, [document], [adaptation])[0]
        return accounts(scorer, document, signals, policy, logits=logits, scores=scores)


def _adaptations_of(database: Store, models_dir: Path) -> Adaptations:
    from service.adaptations import Adaptations  # noqa: PLC0415
    from service.artefacts import Artefacts  # noqa: PLC0415

    return Adaptations(Artefacts(database, models_dir))
