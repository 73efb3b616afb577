"""`sluice train`: a model for all sites from labelled files, or what one site's moderators taught."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from service.commands.models import opened, site_of, told
from service.commands.options import as_json, fail, plainly

if TYPE_CHECKING:
    from classifier.lessons import Lesson
    from classifier.scoring import Scorer
    from config import Settings
    from service.store.accounts import Site
    from service.store.engine import Store

SHARED: Final = "../shared/data"
_RECIPE: Final = "default"


@click.command()
@click.option("--site", "site_name", help="Name or id of a site: learn from its moderators' rulings, for it alone.")
@click.option("--recipe", help="Name of a shipped recipe or path of a TOML file. Default: default. Not with --site.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help=f"Folder or .jsonl(.gz) file with labelled comments; may be repeated. Default: {SHARED}, with --site none.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write the model version to.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SLUICE_DATA_DIR",
    help="Data folder of this installation; the model is written to models/ in it.",
)
@as_json
@plainly
@told
def train(
    *,
    site_name: str | None,
    recipe: str | None,
    data: tuple[Path, ...],
    seed: int,
    out: Path | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Fit every head on labelled comments and write a model version; with --site, adapt the present one to a site."""
    if site_name is not None:
        if recipe is not None:
            fail("A site is learnt by the recipe of the model that decides; leave --recipe out.")
        _train_site(site_name, data, seed, out, data_dir, as_json=as_json)
        return
    if not data and not Path(SHARED).exists():
        fail(f"Say with --data which folder or files to learn from; {SHARED}, the default, is not there.")
    # By name, since processes that serve import this package and must never load what training needs.
    build = importlib.import_module("classifier.build")
    target = out or (data_dir / "models" / "candidate" if data_dir else Path("candidate"))
    made = build.build_model(target, recipe=recipe or _RECIPE, data=data or (Path(SHARED),), seed=seed, log=sys.stderr)
    click.echo(json.dumps({"version": made, "path": str(target)}) if as_json else made)


def _train_site(
    site_name: str, data: tuple[Path, ...], seed: int, out: Path | None, data_dir: Path | None, *, as_json: bool
) -> None:
    from rich.console import Console

    from classifier.site_training import SiteTrainingError, train_site

    with opened(data_dir) as (chosen, database):
        site = site_of(database, site_name)
        assert site is not None  # noqa: S101 - a name was given
        scorer, lessons = present_model(database, chosen), lessons_for(database, site, data)
        target = out or chosen.models_dir / f"site-{site.id}"
        try:
            with Console(stderr=True).status("") as status:
                report = train_site(
                    target,
                    scorer,
                    lessons,
                    site=site.id,
                    name=re.sub(r"[^A-Za-z0-9]+", "-", site.name).strip("-")[:30] or "site",
                    seed=seed,
                    step=status.update,
                )
        except SiteTrainingError as error:
            fail(str(error))
            return
    if as_json:
        click.echo(json.dumps({"path": str(target), **report}, ensure_ascii=False))
    else:
        _show(report, target, site.name)


def present_model(database: Store, chosen: Settings) -> Scorer:
    """The model that decides on all sites."""
    from classifier.registry import load, load_default
    from service.artefacts import Artefacts
    from service.store import models as store

    with database.read() as connection:
        promoted = store.in_force(connection).get(None)
    if promoted is None or promoted.version is None:
        return load_default()
    return load(Artefacts(database, chosen.models_dir).fetch(promoted.version))


def lessons_for(database: Store, site: Site, data: tuple[Path, ...]) -> list[Lesson]:
    """What files say, then what rulings say: of a text in both, the ruling."""
    from classifier.datasets import load_snapshot
    from classifier.lessons import Lesson
    from service.lessons import lessons_of

    said = load_snapshot(data, strict=True).examples if data else ()
    lessons = [Lesson(text=each.text, labels=each.labels, origin=each.source) for each in said]
    with database.read() as connection:
        lessons += lessons_of(connection, site.id)
    return list({lesson.text: lesson for lesson in lessons}.values())


def _show(report: dict[str, Any], target: Path, name: str) -> None:
    from classifier.site_training import lack_in_words

    for head, found in report["heads"].items():
        before, after = found["auc_before"], found["auc_after"]
        kept = "learnt" if found["adapted"] else "left as it was"
        click.echo(
            f"{head}: {found['labels']} labels, {found['positive']} of them for it; area {before['value']:.3f} before, "
            f"{after['value']:.3f} after ({after['low']:.3f} to {after['high']:.3f}); {kept}"
        )
    for head, few in report["not_learnt"].items():
        click.echo(f"{head}: {lack_in_words(**few)}; not learnt")
    click.echo(f"{report['version']} is in {target}")
    click.echo(f"Let it decide: sluice models promote {target} --site {name}")
