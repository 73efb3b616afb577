"""Short words for reasons, for the heads of the model, and for what people do: what chips and lines say."""

from __future__ import annotations

from typing import Final

from classifier.lessons import RulingReason
from service.acts import Verb
from service.desk.words import Lazy, lazy_gettext
from service.readers import AppealReason

_CODES: Final[dict[str, Lazy]] = {
    "model.spam": lazy_gettext("reads like spam"),
    "model.toxicity": lazy_gettext("reads as abusive"),
    "model.severe_toxicity": lazy_gettext("reads as severe abuse"),
    "model.insult": lazy_gettext("reads as an insult"),
    "model.threat": lazy_gettext("reads as a threat"),
    "model.identity_attack": lazy_gettext("attacks a group"),
    "model.obscene": lazy_gettext("obscene words"),
    "model.sexual": lazy_gettext("sexual content"),
    "threat.direct": lazy_gettext("direct threat"),
    "harm.self": lazy_gettext("call to self-harm"),
    "harm.group": lazy_gettext("call to violence"),
    "privacy.phone": lazy_gettext("somebody's phone number"),
    "privacy.address": lazy_gettext("somebody's address"),
    "form.too_fast": lazy_gettext("sent too fast"),
    "form.honeypot": lazy_gettext("filled in the trap"),
    "author.rejected_before": lazy_gettext("author rejected before"),
    "author.approved_before": lazy_gettext("author approved before"),
    "author.trade_name": lazy_gettext("trade as a name"),
    "author.praise_with_link": lazy_gettext("praise with a link"),
    "author.odd_url": lazy_gettext("odd address of the author"),
    "author.name_is_link": lazy_gettext("link as a name"),
    "author.long_name": lazy_gettext("very long name"),
    "author.keyword_url": lazy_gettext("trade in the author's address"),
    "author.keyword_name": lazy_gettext("trade in the author's name"),
    "author.disguised_name": lazy_gettext("name in disguise"),
    "author.cheap_domain": lazy_gettext("cheap domain"),
    "author.disposable_mail": lazy_gettext("throw-away address"),
    "author.keyword_mail": lazy_gettext("trade in the address"),
    "author.keyword_mail_domain": lazy_gettext("trade in the address"),
    "velocity.site": lazy_gettext("busier than usual"),
    "velocity.network": lazy_gettext("many from one network"),
    "velocity.author": lazy_gettext("many from one author"),
    "text.too_long": lazy_gettext("very long"),
    "text.empty": lazy_gettext("no text"),
    "text.short": lazy_gettext("very short"),
    "premoderation.all": lazy_gettext("everything is held"),
    "premoderation.first_time": lazy_gettext("first comment"),
    "premoderation.links": lazy_gettext("has links"),
    "premoderation.listed_author": lazy_gettext("watched author"),
    "premoderation.old_article": lazy_gettext("old article"),
    "article.closed": lazy_gettext("article closed"),
    "links.new_domain": lazy_gettext("link to new domain"),
    "links.known_domain": lazy_gettext("link to known domain"),
    "links.bad_domain": lazy_gettext("link to rejected domain"),
    "links.shortener": lazy_gettext("shortened link"),
    "links.odd_host": lazy_gettext("odd link"),
    "links.many": lazy_gettext("many links"),
    "links.keywords": lazy_gettext("trade in a link"),
    "links.hidden": lazy_gettext("hidden link"),
    "duplicate.same_text": lazy_gettext("same text before"),
    "campaign.near_duplicate": lazy_gettext("like others lately"),
    "relevance.on_topic": lazy_gettext("on topic"),
    "relevance.topic_words": lazy_gettext("words of the topic"),
    "relevance.off_topic_praise": lazy_gettext("praise off topic"),
    "language.unlearnt": lazy_gettext("language we know little"),
    "language.mismatch": lazy_gettext("other language"),
    "site.taught": lazy_gettext("this site's experience"),
    "classifier.missing": lazy_gettext("could not be scored"),
    "classifier.failed": lazy_gettext("could not be scored"),
    "decision.late": lazy_gettext("no decision in time"),
    "decision.failed": lazy_gettext("could not be decided"),
    "policy.conflict": lazy_gettext("rules disagree"),
}
#: What a code begins with, when its owner named the rest.
_FAMILIES: Final[dict[str, Lazy]] = {
    "block": lazy_gettext("on the block list"),
    "allow": lazy_gettext("on the allow list"),
}
HEADS_SAID: Final[dict[str, Lazy]] = {
    "spam": lazy_gettext("spam"),
    "toxicity": lazy_gettext("abuse"),
    "severe_toxicity": lazy_gettext("severe abuse"),
    "insult": lazy_gettext("insult"),
    "threat": lazy_gettext("threat"),
    "identity_attack": lazy_gettext("attack on a group"),
    "obscene": lazy_gettext("obscenity"),
    "sexual": lazy_gettext("sexual content"),
}
RULING_REASONS: Final[dict[RulingReason, Lazy]] = {
    RulingReason.SPAM: lazy_gettext("Spam"),
    RulingReason.TOXICITY: lazy_gettext("Abuse"),
    RulingReason.INSULT: lazy_gettext("Insult"),
    RulingReason.THREAT: lazy_gettext("Threat"),
    RulingReason.IDENTITY_ATTACK: lazy_gettext("Attack on a group"),
    RulingReason.SEVERE_TOXICITY: lazy_gettext("Severe abuse"),
    RulingReason.OBSCENE: lazy_gettext("Obscene"),
    RulingReason.SEXUAL: lazy_gettext("Sexual"),
    RulingReason.OFF_TOPIC: lazy_gettext("Off topic"),
    RulingReason.DUPLICATE: lazy_gettext("Said before"),
    RulingReason.PRIVACY: lazy_gettext("Private details"),
    RulingReason.OTHER: lazy_gettext("Something else"),
    RulingReason.EXCEPTION: lazy_gettext("Exception, teaches nothing"),
}
VERBS: Final[dict[str, Lazy]] = {
    Verb.APPROVE: lazy_gettext("approved"),
    Verb.REJECT: lazy_gettext("rejected"),
    Verb.HOLD: lazy_gettext("put into the queue"),
    Verb.PROPOSE: lazy_gettext("proposed a decision"),
    Verb.ESCALATE: lazy_gettext("escalated"),
    Verb.SKIP: lazy_gettext("skipped"),
    Verb.NOTE: lazy_gettext("wrote a note"),
    Verb.TAKE_OVER: lazy_gettext("took over"),
    Verb.ERASE: lazy_gettext("erased"),
    Verb.REPORT: lazy_gettext("reported by a reader"),
    Verb.APPEAL: lazy_gettext("appealed"),
    Verb.UNDO: lazy_gettext("took back"),
    Verb.BATCH: lazy_gettext("decided many at once"),
    Verb.IMPORT: lazy_gettext("imported"),
}
ACTIONS: Final[dict[str, Lazy]] = {
    "approve": lazy_gettext("approve"),
    "reject": lazy_gettext("reject"),
    "hold": lazy_gettext("keep"),
}
#: What a decision that was in the way of another one is called on the button that makes it all the same.
DO_WORDS: Final[dict[str, Lazy]] = {
    "approve": lazy_gettext("Approve all the same"),
    "spam": lazy_gettext("Reject as spam all the same"),
    "abuse": lazy_gettext("Reject as abuse all the same"),
    "reject": lazy_gettext("Reject all the same"),
    "hold": lazy_gettext("Put back all the same"),
}
_APPEALS: Final[dict[AppealReason, Lazy]] = {
    AppealReason.NOT_ADVERTISING: lazy_gettext("it is no advertising"),
    AppealReason.NOT_ABUSIVE: lazy_gettext("it is not abusive"),
    AppealReason.MISUNDERSTOOD: lazy_gettext("it was misunderstood"),
}
STATUSES: Final[dict[str, Lazy]] = {
    "pending": lazy_gettext("pending"),
    "approved": lazy_gettext("approved"),
    "held": lazy_gettext("held"),
    "rejected": lazy_gettext("rejected"),
    "erased": lazy_gettext("erased"),
}


def chip_words(code: str) -> str:
    """A reason in a few words; a rule is called what its owner calls it."""
    known = _CODES.get(code) or _FAMILIES.get(code.partition(".")[0])
    return str(known) if known is not None else code.rpartition(".")[2].replace("_", " ")


def reason_words(reason: str | None) -> str:
    """A moderator's reason."""
    if not reason:
        return ""
    return str(RULING_REASONS[RulingReason(reason)]) if reason in set(RulingReason) else reason


def codes_called(said: str) -> list[str]:
    """The codes of reasons that a chip or a ruling calls so, in the person's language or in English."""
    wanted = said.strip().casefold()
    named = {reason.value: words for reason, words in RULING_REASONS.items()} | _CODES
    return [code for code, words in named.items() if wanted in {str(words).casefold(), words.untranslated.casefold()}]


def reader_reason(reason: str | None) -> str:
    """Why a reader appeals or reports."""
    return str(_APPEALS[AppealReason(reason)]) if reason in set(AppealReason) - {"other"} else reason_words(reason)


def verb_words(verb: str) -> str:
    """What somebody did."""
    return str(VERBS[verb]) if verb in VERBS else verb.replace("_", " ")


def status_words(status: str) -> str:
    """How a comment stands."""
    return str(STATUSES.get(status, status))


def proposal_words(action: str, reason: str | None) -> str:
    """What somebody proposes, and as what."""
    said = reason_words(reason)
    return f"{action_words(action)} ({said})" if said else action_words(action)


def action_words(action: str) -> str:
    """What somebody would do."""
    return str(ACTIONS.get(action, action))
