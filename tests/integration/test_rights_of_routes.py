"""Who may press which button: every route that changes something, for every role, as ``service.roles`` says."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from pages import paths_of
from visitors import Visitor, a_person

from service.roles import RIGHTS, Right, Role

Enter = Callable[..., Visitor]

#: What each route needs. A form may need more by what it asks for: then there is a line for each.
OF_SITES: tuple[tuple[str, Right, dict[str, str]], ...] = (
    ("queue_decide", Right.RULE, {"do": "approve"}),
    ("queue_decide", Right.RULE, {"do": "spam"}),
    ("queue_decide", Right.RULE, {"do": "skip"}),
    ("queue_decide", Right.NOTE, {"do": "note", "note": "x"}),
    ("queue_decide", Right.ESCALATE, {"do": "escalate", "note": "x"}),
    ("queue_decide", Right.RULE, {"do": "take_over"}),
    ("queue_bulk", Right.BULK, {"do": "approve"}),
    ("queue_undo", Right.RULE, {"act": "last"}),
    ("queue_erase_done", Right.ERASE, {}),
    ("queue_claim", Right.RULE, {}),
    ("queue_release", Right.RULE, {}),
    ("campaigns_act", Right.BULK, {}),
    ("campaigns_selected", Right.BULK, {}),
    ("sweep_act", Right.BULK, {}),
    ("history_undo", Right.RULE, {}),
    ("history_reverse_all", Right.BULK, {}),
    ("history_export", Right.EXPORT, {}),
    ("export_queue", Right.EXPORT, {}),
    ("policy_try", Right.POLICY, {}),
    ("policy_save", Right.POLICY, {}),
    ("health_replay", Right.CONNECT, {}),
    ("health_enable", Right.CONNECT, {}),
)
#: What only a role on all sites gives.
OF_ALL: tuple[tuple[str, Right], ...] = tuple(
    (f"people_{name}", Right.USERS) for name in ("add", "role", "disable", "enable", "reset")
)
#: What is about oneself: signed in is enough.
OF_ONESELF = frozenset(
    {f"account_{name}" for name in ("password", "set_code", "drop_code", "preferences", "sign_out_everywhere")}
    | {"sign_out", "keep_keys"}
)
#: The door.
OF_ANYBODY = frozenset({"check_sign_in", "check_sign_in_code", "use_link", "oidc_begin", "oidc_start"})


def routes(app: Flask) -> dict[str, str]:
    """Every route of the desk that takes a change, with a path that leads to nothing."""
    nothing = {name: [str(uuid.uuid4())] for name in ("campaign", "act_id", "user_id", "webhook_id", "comment_id")}
    found = paths_of(app, {"site_name": ["blog"], "token": ["x" * 32], **nothing}, "POST")
    return {rule.endpoint.removeprefix("desk."): path for rule, path in found if rule.rule.startswith("/desk")}


def test_every_route_says_what_it_needs(app: Flask):
    """A new route has a line in this file, and a line here has a route."""
    told = {name for name, *_ in OF_SITES} | {name for name, _ in OF_ALL} | OF_ONESELF | OF_ANYBODY

    assert set(routes(app)) - told == set()
    assert {name for name, *_ in OF_SITES} - set(routes(app)) == set()


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_on_its_site_what_it_gives_and_nothing_else(app: Flask, desk: Enter, role: Role):
    """A refusal is the page that says which right is missing; what is allowed then fails for a better reason."""
    somebody, paths = desk(role), routes(app)
    token = somebody.token("/desk/account")

    for name, right, form in OF_SITES:
        answer = somebody.client.post(paths[name], data={"csrf_token": token, **form})
        assert answer.status_code < 500, name
        assert (answer.status_code == 403) == (right not in RIGHTS[role]), f"{role} {name} {form}: {answer.status}"


@pytest.mark.parametrize("role", Role)
def test_people_are_managed_by_admins_of_all_sites_only(app: Flask, desk: Enter, role: Role):
    """An admin of one site is none of all."""
    paths = routes(app)
    for everywhere in (False, True):
        somebody = desk(role, f"{role} {everywhere}", everywhere=everywhere)
        token = somebody.token("/desk/account")
        for name, right in OF_ALL:
            answer = somebody.client.post(paths[name], data={"csrf_token": token})
            may = everywhere and right in RIGHTS[role]
            assert (answer.status_code == 403) == (not may), f"{role} {name}: {answer.status}"


def test_a_stranger_to_the_site_finds_no_such_page(app: Flask, desk: Enter, make_site):
    """Somebody signed in who has no role there does not learn that it exists; nor does a GET tell."""
    desk(Role.ADMIN)
    a_person(app, "Mallory", Role.ADMIN, make_site("other")[0].id)
    mallory = Visitor(app)
    mallory.sign_in("Mallory")
    token, paths = mallory.token("/desk/account"), routes(app)

    for name, _, form in OF_SITES:
        answer = mallory.client.post(paths[name], data={"csrf_token": token, **form})
        assert answer.status_code == 404, name
    gets = {path for rule, path in paths_of(app, {"site_name": ["blog"]}) if "site_name" in rule.arguments}
    assert gets
    for path in gets:
        assert mallory.get(path).status_code == 404, path


def test_nobody_gets_further_than_the_door(app: Flask, site_and_key):
    """Without a session every page and every button leads to the sign-in page."""
    nobody = Visitor(app)
    token = nobody.token()
    for name, path in routes(app).items():
        if name not in OF_ANYBODY:
            answer = nobody.client.post(path, data={"csrf_token": token})
            assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/desk/sign-in"), name
