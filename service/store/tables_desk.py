"""The tables of the moderators' desk: what waits for a person, what was done about it, and by whom."""

from __future__ import annotations

import sqlalchemy as sa

from service.store.tables import Id, UTCDateTime, metadata

# A comment's place in the queue. It stays when it is closed, so that taking a ruling back opens it as it was.
review_items = sa.Table(
    "review_items",
    metadata,
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    sa.Column("article_id", Id, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    # Why it is here: "hold", "report" or "appeal".
    sa.Column("origin", sa.String(10), nullable=False),
    # "fine", "uncertain" or "bad" (classifier.triage), with the risk it was taken from.
    sa.Column("lane", sa.String(10), nullable=False),
    sa.Column("risk", sa.Float, nullable=False),
    # To be seen first: the machine or a moderator asks for it.
    sa.Column("escalated", sa.Boolean, nullable=False),
    # Codes of the reasons, each between spaces, the weightiest first.
    sa.Column("codes", sa.Text, nullable=False),
    sa.Column("language", sa.String(10)),
    sa.Column("opened_at", UTCDateTime, nullable=False),
    sa.Column("closed_at", UTCDateTime),
    # Who looks at it just now: a lease that runs out by itself.
    sa.Column("claimed_by", Id),
    sa.Column("claimed_name", sa.String(200)),
    sa.Column("claimed_until", UTCDateTime),
    # What a trainee would decide; a second person makes it a ruling or not.
    sa.Column("proposed_action", sa.String(10)),
    sa.Column("proposed_reason", sa.String(100)),
    sa.Column("proposed_by", Id),
    sa.Column("proposed_name", sa.String(200)),
    # Who must not decide it: an appeal goes to another moderator than the one who ruled.
    sa.Column("not_for", Id),
)
# Everything that anybody did, by whatever way: rows are added, never changed. A batch is a row of its own; the acts in
# it name it. No text of readers or moderators is in here, so it outlives erasure.
acts = sa.Table(
    "acts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE")),
    sa.Column("at", UTCDateTime, nullable=False),
    # The user of the desk, if it was one, and the name to show.
    sa.Column("actor_id", Id),
    sa.Column("actor", sa.String(200), nullable=False),
    # "desk", "api", "cli", "import" or "reader".
    sa.Column("source", sa.String(10), nullable=False),
    # What was done (service.acts.Verb).
    sa.Column("verb", sa.String(20), nullable=False),
    sa.Column("comment_id", Id),
    sa.Column("revision", sa.Integer),
    sa.Column("reason", sa.String(100)),
    # The ruling that was made or taken back, and the decision that stood when it was: the evidence of then.
    sa.Column("ruling_id", Id),
    sa.Column("decision_id", Id),
    # What stood before and after.
    sa.Column("status_before", sa.String(10)),
    sa.Column("status_after", sa.String(10)),
    sa.Column("batch_id", Id),
    # The act that this one takes back.
    sa.Column("undoes", Id),
    sa.Column("detail", sa.JSON(none_as_null=True)),
)
sa.Index("ix_acts_site_id_id", acts.c.site_id, acts.c.id)
sa.Index("ix_acts_comment_id", acts.c.comment_id)
sa.Index("ix_acts_batch_id", acts.c.batch_id)
sa.Index("ix_acts_undoes", acts.c.undoes)

# What moderators tell each other about a comment; erased with it.
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("author_id", Id),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_at", UTCDateTime, nullable=False),
    sa.Column("retracted_at", UTCDateTime),
)

# What a moderator leaves to others for now.
skips = sa.Table(
    "skips",
    metadata,
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("skipped_at", UTCDateTime, nullable=False),
)

# An author's request to look again: one for a comment, by whoever has its page; its words are erased with the comment.
appeals = sa.Table(
    "appeals",
    metadata,
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    # service.readers.AppealReason
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("made_at", UTCDateTime, nullable=False),
)

# Readers' flags, one from each reader; who flagged is kept as a keyed hash.
reports = sa.Table(
    "reports",
    metadata,
    sa.Column("comment_id", Id, sa.ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("reporter", sa.String(40), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    # classifier.lessons.RulingReason
    sa.Column("reason", sa.String(100), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("made_at", UTCDateTime, nullable=False),
)
