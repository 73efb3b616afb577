"""Who may do what."""

from __future__ import annotations

import pytest

from service.roles import RIGHTS, Right, Role, allows, role_in


def test_each_role_may_do_all_that_the_one_before_may():
    """And more than that."""
    for weaker, stronger in zip(list(Role), list(Role)[1:], strict=False):
        assert RIGHTS[weaker] < RIGHTS[stronger]
    assert RIGHTS[Role.ADMIN] == set(Right)


@pytest.mark.parametrize(
    ("right", "first"),
    [
        (Right.VIEW, Role.VIEWER),
        (Right.RULE, Role.TRAINEE),
        (Right.CONFIRM, Role.MODERATOR),
        (Right.BULK, Role.MODERATOR),
        (Right.EXPORT, Role.MODERATOR),
        (Right.POLICY, Role.ADMIN),
        (Right.USERS, Role.ADMIN),
    ],
)
def test_a_right_begins_with_a_role(right: Right, first: Role):
    """Everybody below goes without."""
    assert [role for role in Role if allows(role, right)] == list(Role)[list(Role).index(first) :]


def test_nobody_may_do_nothing():
    """Without a role there is no right."""
    assert not any(allows(None, right) for right in Right)


def test_the_role_on_a_site_counts_before_the_one_on_all_sites():
    """An exception can go either way."""
    roles = {None: Role.MODERATOR, "a": Role.VIEWER, "b": Role.ADMIN}

    assert role_in(roles, "a") is Role.VIEWER
    assert role_in(roles, "b") is Role.ADMIN
    assert role_in(roles, "c") is Role.MODERATOR
    assert role_in(roles, None) is Role.MODERATOR
    assert role_in({"a": Role.ADMIN}, "c") is None
