"""``sluice score`` and ``sluice evaluate``: on files, without a database."""

from __future__ import annotations

import sys
from pathlib import Path

import click


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
@click.argument("model", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--data",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder or .jsonl(.gz) file with labelled comments; may be repeated.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policy (TOML) to judge by, laid over the default one.",
)
@click.option(
    "--baseline",
    default="plain",
    show_default=True,
    help="What to compare with: plain, a model of words fitted on these comments, or the folder of a model version.",
)
@click.option(
    "--sample",
    default=20_000,
    show_default=True,
    type=click.IntRange(min=0),
    help="Judge so many, drawn; 0 judges all.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--no-texts", is_flag=True, help="Say where the worst errors stand, without quoting them.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write everything measured as JSON (- for standard output).",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with plots: .html, or .md with the plots beside it.",
)
def evaluate(  # noqa: PLR0917 - click hands every option over
    model: Path | None,
    data: tuple[Path, ...],
    policy_file: Path | None,
    baseline: str,
    sample: int,
    seed: int,
    no_texts: bool,
    json_file: str | None,
    report: Path | None,
) -> None:
    """Judge labelled comments by MODEL (a folder; else the shipped one) and say how often it is right."""
    import json

    from rich.console import Console

    from classifier.datasets import DataError
    from classifier.evaluate import PLAIN, evaluate, summary
    from classifier.policy import DEFAULT_POLICY, PolicyError
    from classifier.policy_document import policy_from_file
    from classifier.registry import DEFAULT_MODEL, ModelError
    from classifier.report import write_private, write_report

    if report is not None and report.suffix not in (".html", ".md"):
        raise click.ClickException(f"{report} should end in .html or .md.")
    for target in (report, None if json_file in (None, "-") else Path(json_file)):
        if target is not None and not target.parent.is_dir():
            raise click.ClickException(f"{target} cannot be written: there is no folder {target.parent}.")
    if baseline != PLAIN and not Path(baseline).is_dir():
        raise click.ClickException(
            f"There is no folder {baseline}: give plain or the folder of a model version with --baseline."
        )
    console = Console(stderr=True)
    try:
        policy = policy_from_file(policy_file) if policy_file else DEFAULT_POLICY
        with console.status("") as status:
            found = evaluate(
                model or DEFAULT_MODEL, data, policy, baseline=baseline, sample=sample, seed=seed, texts=not no_texts,
                step=status.update,
            )  # fmt: skip
            if report is not None:
                status.update("drawing")
                write_report(found, report, texts=not no_texts)
        if json_file not in (None, "-"):
            write_private(Path(json_file), json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    except (PolicyError, ModelError, DataError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.") from None
    click.echo(json.dumps(found, ensure_ascii=False) if json_file == "-" else summary(found))
