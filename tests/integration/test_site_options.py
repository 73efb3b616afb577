"""Options of a site: read and set over the API and on the command line, kept through odd data."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from service.cli import cli
from service.site_options import DEFAULT_OPTIONS, OptionError, SiteOptions, changed, read_options


def test_options_over_the_api(client, headers, make_site):
    """Defaults first; what is set holds at once and for that site alone; what is left out is a default again."""
    _, other = make_site("other")
    assert client.get("/v1/options", headers=headers).json == DEFAULT_OPTIONS.model_dump()

    put = client.put("/v1/options", json={"hold_as": "pending", "discard_above": None}, headers=headers)

    assert put.json == {**DEFAULT_OPTIONS.model_dump(), "hold_as": "pending", "discard_above": None}
    assert client.get("/v1/options", headers=headers).json == put.json
    theirs = client.get("/v1/options", headers={"Authorization": f"Bearer {other}"})
    assert theirs.json == DEFAULT_OPTIONS.model_dump()
    assert client.put("/v1/options", json={}, headers=headers).json == DEFAULT_OPTIONS.model_dump()


@pytest.mark.parametrize(
    "sent",
    [
        {"hold_as": "maybe"},
        {"discard_above": 0.2},
        {"discard_above": "0.9"},
        {"language": "English"},
        {"hold": "spam"},
        [],
    ],
)
def test_odd_options_are_refused(client, headers, sent):
    """In the API's own shape."""
    answer = client.put("/v1/options", json=sent, headers=headers)

    assert (answer.status_code, answer.json["code"]) == (422, "request.invalid")


def test_options_on_the_command_line(settings, app, site_and_key):
    """`set` says what holds then, and `show` says it again."""
    environment = {"SLUICE_REDIS_URL": settings.redis_url, "SLUICE_SECRET_KEY": settings.secret_key}

    def run(*arguments: str) -> str:
        line = [*arguments, "--data-dir", str(settings.data_dir)]
        done = CliRunner().invoke(cli, line, env=environment, catch_exceptions=False)
        return f"{done.exit_code} {done.output}"

    assert "hold_as = pending" in run("site", "set", "blog", "hold_as=pending", "discard_above=none")
    shown = json.loads(run("site", "show", "blog", "--json").removeprefix("0 "))
    assert (shown["options"]["hold_as"], shown["options"]["discard_above"]) == ("pending", None)
    assert "discard_above = 0.998" in run("site", "set", "blog", "discard_above=")
    assert run("site", "set", "blog", "hold_as=maybe").startswith("1 hold_as cannot be maybe")
    assert run("site", "set", "blog", "colour=red").startswith("1 There is no option colour")
    assert run("site", "set", "blog", "hold_as").startswith("1 Write OPTION=VALUE")
    assert run("site", "set", "nobody", "hold_as=spam").startswith("1 There is no site named nobody")


def test_what_is_stored_and_odd_is_a_default():
    """An option of a later version, or a value it allows, stops nothing."""
    stored = {"hold_as": "later", "colour": "red", "language": "de"}

    assert read_options(stored) == SiteOptions(language="de")
    assert changed({"language": "de"}, {"language": ""}) == {}
    with pytest.raises(OptionError, match="number"):
        changed({}, {"discard_above": "high"})
