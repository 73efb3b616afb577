"""``sluice train`` and ``sluice score``: on files, without a database."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SLUICE_DATA_DIR",
    help="Data folder of this installation; the model is written to models/candidate in it.",
)


@click.command()
@click.argument("file", default="-", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=str))
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policy (TOML) to judge by, laid over the default one.",
)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of a model version, as `sluice train` and `sluice models export` write it. Default: the shipped one.",
)
@click.option("--explain", is_flag=True, help="Add to each row what every part of every score adds to it.")
def score(file: str, policy_file: Path | None, model: Path | None, explain: bool) -> None:
    """Judge comments in JSON Lines (plain or gzip; - for standard input): one JSON line out per row, in order."""
    from classifier.policy import DEFAULT_POLICY, PolicyError
    from classifier.policy_document import policy_from_file
    from classifier.registry import DEFAULT_MODEL, ModelError, load
    from classifier.rows import open_lines, score_lines

    try:
        policy = policy_from_file(policy_file) if policy_file else DEFAULT_POLICY
        scorer = load(model or DEFAULT_MODEL)
    except (PolicyError, ModelError) as error:
        raise click.ClickException(str(error)) from None
    with open_lines(file) as lines:
        score_lines(lines, sys.stdout, sys.stderr, scorer, policy, explained=explain)


@click.command()
@click.option("--recipe", default="default", show_default=True, help="Name of a shipped recipe or path of a TOML file.")
@click.option(
    "--data",
    multiple=True,
    default=("../shared/data",),
    show_default=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder or .jsonl(.gz) file with labelled comments; may be repeated.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write the model version to.")
@_DATA_DIR
def train(recipe: str, data: tuple[Path, ...], seed: int, out: Path | None, data_dir: Path | None) -> None:
    """Fit every head on labelled comments and write a model version."""
    from classifier.build import build_model

    target = out or (data_dir / "models" / "candidate" if data_dir else Path("candidate"))
    click.echo(build_model(target, recipe=recipe, data=data, seed=seed, log=sys.stderr))
