"""Policies as people write them: TOML or JSON, checked key by key, laid over one another, and made into a ``Policy``.

A document says only what it wants otherwise. Default, site, section and article are laid over one another in this
order: tables key by key, a rule as a whole, lists of people and domains by joining them, everything else by replacing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import tomli_w
from pydantic import BaseModel, ValidationError

from classifier.domain import HEADS, Action, Article
from classifier.listing import Listing, make_listing
from classifier.owner import Closed, Premoderation, Wishes, article_key
from classifier.policy_tables import ListTable, PolicyDocument, RuleTable
from classifier.policy_values import HARMS, Conflict, Policy, Thresholds
from classifier.rules import PatternError, Rule, matcher_for, word_key

#: Largest document, in bytes, and most rules and words of one.
MAX_DOCUMENT_BYTES: Final = 256 * 1024
MAX_RULES: Final = 300
MAX_WORDS: Final = 5_000
MAX_PATTERNS: Final = 1_000
MAX_ENTRIES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document: the way to its key, and a sentence."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        """The key in TOML's own words."""
        keys = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{keys.lstrip('.') or 'the document'}: {self.message}"


class PolicyError(ValueError):
    """A document that cannot be used, with everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


def parse(fields: Mapping[str, Any]) -> PolicyDocument:
    """A document from its fields.

    Raises:
        PolicyError: with every fault.
    """
    try:
        document = PolicyDocument.model_validate(fields)
    except ValidationError as error:
        raise PolicyError([_fault(each) for each in error.errors(include_url=False, include_input=False)]) from None
    faults = [*_too_much(document), *_out_of_order(document)]
    if faults:
        raise PolicyError(faults)
    return document


def _too_much(document: PolicyDocument) -> Iterator[Fault]:
    """Limits of one document; what several make together may be more."""
    rules = document.rules.values()
    for what, count, most in (
        ("rules", len(rules), MAX_RULES),
        ("words", sum(len(rule.words) for rule in rules), MAX_WORDS),
        ("patterns", sum(len(rule.patterns) for rule in rules), MAX_PATTERNS),
    ):
        if count > most:
            yield Fault(("rules",), f"There are {count:,} {what}; at most {most:,} are allowed.")
    for name, table in (("allow", document.allow), ("block", document.block)):
        count = sum(len(getattr(table, kind)) for kind in _LISTS)
        if count > MAX_ENTRIES:
            yield Fault((name,), f"There are {count:,} entries; at most {MAX_ENTRIES:,} are allowed.")


def _out_of_order(document: PolicyDocument) -> Iterator[Fault]:
    for head in HEADS:
        table = getattr(document.heads, head)
        if table.hold_at is not None and table.reject_at is not None and table.hold_at > table.reject_at:
            yield Fault(("heads", head), "The value of hold_at must not be above that of reject_at.")


def from_toml(text: str) -> PolicyDocument:
    """A document from TOML.

    Raises:
        PolicyError.
    """
    try:
        fields = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError([Fault((), f"This is not TOML: {error}.")]) from None
    return parse(fields)


def to_fields(document: PolicyDocument) -> dict[str, Any]:
    """What a document says, as plain values; what it leaves to others is not there."""
    said: dict[str, Any] = _said(document.model_dump(mode="json", exclude_unset=True))
    return said


def _said(value: Any) -> Any:
    """Without nulls, which JSON may have and TOML cannot say; they mean the same as leaving the key out."""
    if isinstance(value, dict):
        return {key: _said(each) for key, each in value.items() if each is not None}
    return value


def to_toml(document: PolicyDocument, told: Mapping[str, str] = MappingProxyType({})) -> str:
    """The same as TOML; ``from_toml`` gives the same document again.

    ``told`` says something of keys (dotted), which stands behind them as a comment.
    """
    lines, table = [], ""
    for line in tomli_w.dumps(to_fields(document), multiline_strings=False).splitlines():
        key = table
        if line.startswith("["):
            key = table = line.strip("[]")
        elif line[:1].isalpha():
            key = f"{table}.{line.partition(' = ')[0]}".lstrip(".")
        comment = told.get(key) if line.startswith("[") or line[:1].isalpha() else None
        lines.append(f"{line}  # {comment}" if comment else line)
    return "".join(f"{line}\n" for line in lines)


def merged(documents: Iterable[PolicyDocument]) -> PolicyDocument:
    """Documents laid over one another, the widest first; the result says everything that any of them says."""
    result: dict[str, Any] = {}
    for document in documents:
        result = _laid_over(result, {k: v for k, v in to_fields(document).items() if k not in ("name", "match")})
    return PolicyDocument.model_validate(result)


def origins(layers: Iterable[tuple[str, PolicyDocument]]) -> dict[str, str]:
    """Where each value that ``merged`` makes of these documents comes from: dotted key -> name of the layer.

    A joined list names all layers that it was joined from, with ``+``; a rule has one origin as a whole.
    """
    found: dict[str, str] = {}
    for label, document in layers:
        for path, _ in _leaves({k: v for k, v in to_fields(document).items() if k not in ("name", "match")}):
            key = ".".join(path)
            joined = key in found and _is_joined(path)
            found[key] = f"{found[key]}+{label}" if joined else label
    return found


def _leaves(value: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, each in value.items():
        if isinstance(each, dict) and path != ("rules",):
            yield from _leaves(each, (*path, key))
        else:
            yield (*path, key), each


def build(document: PolicyDocument, name: str, version: str) -> Policy:
    """The policy that a document describes, all by itself."""
    heads = {
        head: Thresholds(hold_at=table.hold_at, reject_at=table.reject_at)
        for head in HEADS
        if (table := getattr(document.heads, head)).model_fields_set
    }
    harms = {code: Action(getattr(document.harm, harm)) for harm, codes in HARMS.items() for code in codes}
    return Policy(
        name=name,
        version=version,
        heads=MappingProxyType(heads),
        harms=MappingProxyType({code: action for code, action in harms.items() if action is not Action.HOLD}),
        conflict=Conflict(approve_over=document.conflict.approve_over, reject_under=document.conflict.reject_under),
        wishes=_wishes(document) or None,
    )


def load_policy(path: Path) -> Policy:
    """Read a policy file (TOML); its ``version`` is recorded with decisions.

    Raises:
        PolicyError.
    """
    return parse_policy(tomllib.loads(path.read_text(encoding="utf-8")))


def policy_from_file(path: Path) -> Policy:
    """The policy that a file (TOML) laid over the default one makes, to try it out; no version is recorded anywhere.

    Raises:
        PolicyError.
    """
    try:
        document = from_toml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise PolicyError([Fault((), "This is not UTF-8.")]) from None
    name = document.name or "file"
    return build(merged([DEFAULT_DOCUMENT, document]), name, f"{name}@0")


def parse_policy(fields: Mapping[str, Any]) -> Policy:
    """The policy that the fields of a file describe, laid over nothing.

    Raises:
        PolicyError.
    """
    document = parse({key: value for key, value in fields.items() if key != "version"})
    name = document.name or "default"
    return build(document, name, f"{name}@{fields.get('version', 1)}")


def matches(document: PolicyDocument, article: Article) -> int | None:
    """How closely a section's document fits an article: the length of its path, 0 by a tag, ``None`` not at all."""
    path = article_key(article.url).partition("?")[0]
    paths = [prefix.rstrip("/") for prefix in document.match.paths]
    fitting = [len(prefix) for prefix in paths if path == (prefix or "/") or path.startswith(f"{prefix}/")]
    if fitting:
        return max(fitting) + 1
    return 0 if set(document.match.tags) & set(article.tags) else None


def _wishes(document: PolicyDocument) -> Wishes:
    premoderation, closed = document.premoderation, document.closed
    rules = tuple(_rule(name, table) for name, table in sorted(document.rules.items()) if table.enabled)
    return Wishes(
        premoderation=Premoderation(
            modes=frozenset(premoderation.modes),
            old_articles_days=premoderation.old_articles_days,
            authors=_listing(premoderation.authors),
            typed_emails=premoderation.typed_emails,
        ),
        closed=Closed(
            always=closed.always,
            after_days=closed.after_days,
            articles=frozenset(map(article_key, closed.articles)),
            action=Action(closed.action),
        ),
        rules=rules,
        matcher=matcher_for(rules) if rules else None,
        allow=_listing(document.allow),
        block=_listing(document.block),
        block_action=Action(document.block.action),
    )


def _rule(name: str, table: RuleTable) -> Rule:
    return Rule(
        name=name,
        words=tuple(dict.fromkeys(map(word_key, table.words))),
        patterns=table.patterns,
        where=table.where,
        action=table.action,
        weight=table.weight,
        head=table.head,
        message=table.message,
        final=table.final,
    )


def _listing(table: ListTable) -> Listing:
    return make_listing(domains=table.domains, emails=table.emails, names=table.names, ips=table.ips, ids=table.ids)


_LISTS: Final = frozenset(ListTable.model_fields)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        here = (*path, key)
        known = result.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and path != ("rules",):
            result[key] = _laid_over(known, value, here)
        elif known is not None and _is_joined(here):
            result[key] = list(dict.fromkeys([*known, *value]))
        else:
            result[key] = value
    return result


def _is_joined(path: tuple[str, ...]) -> bool:
    return path[-1] in _LISTS and path[:-1] in (("allow",), ("block",), ("premoderation", "authors"))


def _fault(error: Mapping[str, Any]) -> Fault:
    """One of pydantic's findings in our words; nothing of what was submitted but its keys is repeated."""
    path: tuple[str | int, ...] = tuple(part for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind == "extra_forbidden":
        return Fault(path, _unknown_key(path))
    if kind == "value_error":
        cause = error["ctx"]["error"]
        sentence = f"this {cause}" if isinstance(cause, PatternError) else str(cause)
        return Fault(path, f"{sentence[0].upper()}{sentence[1:]}.")
    if kind == "string_pattern_mismatch":
        return Fault(path, _PATTERN_MESSAGES.get(error["ctx"]["pattern"], "Must have another form."))
    message = str(error["msg"]).replace("Input should be", "Must be").replace("String should", "Must")
    message = message.replace("Tuple should", "Must").replace("Dictionary should", "Must")
    message = message.replace("valid tuple", "list").replace("valid dictionary", "table")
    message = message.split(" or instance of ")[0]
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        message = "Must be a table"
    return Fault(path, f"{message}.")


_PATTERN_MESSAGES: Final = {
    r"^[a-z0-9][a-z0-9_-]{0,23}$": "Must have 1 to 24 lower-case letters, digits, - or _.",
    r"^/": "Must begin with /, as the path of an address does.",
}


def _unknown_key(path: Sequence[str | int]) -> str:
    table: Any = PolicyDocument
    for part in path[:-1]:
        found = table.model_fields.get(str(part)) if isinstance(table, type) and issubclass(table, BaseModel) else None
        table = RuleTable if path[0] == "rules" else (found.annotation if found is not None else None)
    known = list(table.model_fields) if isinstance(table, type) and issubclass(table, BaseModel) else []
    close = get_close_matches(str(path[-1]), known, n=1)
    return f"There is no such key; did you mean {close[0]}?" if close else "There is no such key."


_SHIPPED: Final = tomllib.loads((Path(__file__).parent / "policies" / "default.toml").read_text(encoding="utf-8"))

#: The policy of a site that has set none.
DEFAULT_POLICY: Final = parse_policy(_SHIPPED)

#: What every other document is laid over.
DEFAULT_DOCUMENT: Final = parse({key: value for key, value in _SHIPPED.items() if key != "version"})
