"""Whatever people do leaves an act, and acts are only ever added."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Final

import pytest
from repository import texts

#: Functions of the store through which a comment's standing or what an owner asks for changes; SQL stands nowhere else.
CHANGES: Final = {
    "update_comment": "service/store/comments.py",
    "move_by_decision": "service/store/comments.py",
    "move_by_ruling": "service/store/rulings.py",
    "insert_policy": "service/store/policies.py",
    "insert_promotion": "service/store/models.py",
}
#: Statements over comments that change no standing.
HARMLESS: Final = {
    "count_attempt": "how often deciding was tried",
    "forget_field": "retention erases an address or name of a browser",
}
#: Functions that change a comment's standing and leave no act, since something else is the record.
RECORDED_ELSEWHERE: Final = {
    "service/moderation.py:edit": "the author's doing; the revision is the record",
    "service/moderation.py:record_decisions": "the machine's doing; the decision is the record",
}
FOLDERS: Final = {"service", "workers", "classifier", "config"}
#: Calls that write an act.
ACTS: Final = {"act_row", "insert_acts", "_record"}


#: What changes comments or adds policies, in SQLAlchemy or SQL.
CHANGING: Final = re.compile(
    r"sa\.update\((?:tables\.)?comments\)|sa\.insert\((?:tables\.)?(?:policies|promotions)\)|(?i:update comments )"
)
#: What would change or remove acts.
FORBIDDEN: Final = re.compile(
    r"(?:update|delete)\((?:tables_desk\.)?acts\b|\bacts\.(?:update|delete)\(|(?i:update acts\b|delete from acts\b)"
)
ADDING: Final = re.compile(r"insert\((?:tables_desk\.)?acts\)")


@lru_cache
def code() -> dict[str, str]:
    """What runs, by the name of its file."""
    return {name: text for name, text in texts() if name.endswith(".py") and name.split("/")[0] in FOLDERS}


@lru_cache
def functions() -> list[tuple[str, ast.FunctionDef]]:
    """Every function of ours with its file."""
    found = ((name, node) for name, text in code().items() for node in ast.walk(ast.parse(text)))
    return [(name, node) for name, node in found if isinstance(node, ast.FunctionDef)]


def called(function: ast.FunctionDef) -> set[str]:
    """Names of what a function calls."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {getattr(each, "attr", getattr(each, "id", "")) for each in calls}


def statement_at(path: str, line: int) -> str:
    """The function that a line is in, else the constant that it is given to."""
    for node in ast.parse(code()[path]).body:
        if node.lineno <= line <= (node.end_lineno or 0):
            target = node.target if isinstance(node, ast.AnnAssign) else None
            return str(getattr(node, "name", getattr(target, "id", "")))
    return ""


def test_everything_that_changes_a_standing_or_policy_leaves_an_act():
    """Each function found in the code writes one, or is named here with what records it instead."""
    found = {
        f"{path}:{function.name}": called(function)
        for path, function in functions()
        if not path.startswith("service/store/") and called(function) & CHANGES.keys()
    }

    known = {"rulings.py:rule_many", "rulings.py:_take_back", "moderation.py:erase", "policies.py:set_policy"}
    assert {f"service/{name}" for name in known} <= found.keys()
    assert {name for name, calls in found.items() if not calls & ACTS} == RECORDED_ELSEWHERE.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_the_ways_to_change_are_where_they_are_said_to_be(name: str):
    """A renamed function must not slip out of the test above."""
    assert {path for path, function in functions() if function.name == name} == {CHANGES[name]}


def test_standings_and_policies_are_changed_by_these_ways_alone():
    """Such a statement stands in one of these functions, or in a constant that only they use."""
    for path, text in code().items():
        for number, line in enumerate(text.splitlines(), 1):
            if not CHANGING.search(line):
                continue
            here = statement_at(path, number)
            users = {each.name for place, each in functions() if place == path and uses(each, here)}
            assert (users or {here}) <= {*CHANGES, *HARMLESS}, f"{path}:{number}"


def uses(function: ast.FunctionDef, name: str) -> bool:
    """Whether a function names a constant."""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(function))


def test_acts_are_only_added():
    """In one place; they go with their site, and when a backup takes everything's place."""
    assert FORBIDDEN.search("sa.update(acts).where(")
    assert FORBIDDEN.search("DELETE FROM acts WHERE")

    assert [path for path, text in code().items() if FORBIDDEN.search(text)] == []
    assert [path for path, text in code().items() if ADDING.search(text)] == ["service/store/acts.py"]
