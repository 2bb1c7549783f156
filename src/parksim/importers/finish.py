"""The end of every import: write the scenario, check it, and write the page about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.importers.compose import community
from parksim.importers.draft import DraftError, named, write_all
from parksim.importers.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from parksim.errors import Problem
    from parksim.importers.draft import Draft
    from parksim.importers.findings import Findings
    from parksim.report.messages import Messages


def finish(
    draft: Draft, findings: Findings, into: Path, *, source: str, licence: str = "", force: bool = False
) -> tuple[list[Path], list[Problem]]:
    """Write ``NAME.yaml``, a sketch ``NAME-community.yaml``, and ``NAME-import.html``.

    Parameters
    ----------
    draft : Draft
    findings : Findings
    into : Path
        Folder to write in.
    source, licence : str
        What it was made from, and on what terms.
    force : bool
        Whether files that are there may be overwritten.

    Returns
    -------
    files : list of Path
    problems : list of Problem
        What the check says; empty where the scenario can be run.
    """
    named(draft.name)
    sketch = {} if draft.extends else {into / f"{draft.name}-community.yaml": community(draft).text()}
    return write_checked(draft.name, draft.title, draft.text(), findings, into, source=source, licence=licence,
                         force=force, more=sketch)  # fmt: skip


def write_checked(
    name: str, title: str, text: str, findings: Findings, into: Path, *, source: str, licence: str = "",
    force: bool = False, about: str = "import", more: dict[Path, str] | None = None,
) -> tuple[list[Path], list[Problem]]:  # fmt: skip
    """Write a scenario, other files and the page ``NAME-ABOUT.html``; see :func:`finish`."""
    from parksim.scenario.read import check, load  # noqa: PLC0415  (takes pydantic)

    files = [into / f"{name}.yaml", into / f"{name}-{about}.html"]
    for file in [*files, *(more or {})]:
        if file.exists() and not force:
            raise DraftError(f"{file} is there already; --force overwrites it")
    written = write_all({files[0]: text, **(more or {})}, force=force)
    problems = check(files[0])
    for path in (file for file in more or {} if file.name.endswith("-community.yaml")):
        problems += [problem for problem in check(path) if problem not in problems]
    picture = b""
    if not problems:
        picture = _picture(load(files[0]))
    html = page(title, source, findings, problems, picture=picture, licence=licence)
    written += write_all({files[1]: html}, force=force)
    return written, problems


def _picture(scenario: object) -> bytes:
    """Draw the map; without a picture the page is still worth having."""
    from parksim.importers.picture import picture  # noqa: PLC0415

    try:
        return picture(scenario, "png")  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001  (a figure that fails must not lose the import)
        return b""


def summary(findings: Findings, problems: list[Problem], m: Messages) -> list[str]:
    """Say in a few lines what happened; what is wrong with the file, in the language asked for."""
    guesses = findings.all_guesses()
    lines = [f"read: {', '.join(f'{n:,} {what}' for what, n in findings.read.items() if n)}"]
    lines += [f"{what}: {value}" for what, value in findings.measured.items()]
    lines.append(f"guessed: {sum(g.count for g in guesses):,} values of {len(guesses)} kinds")
    if findings.left_out:
        lines.append(
            "left out: " + "; ".join(f"{n:,} {what}" for what, n in findings.left_out.most_common(5))
        )
    if findings.unused:
        known = ", ".join(f"{what} ({n})" for what, n in findings.unused.most_common(5))
        lines.append(f"not known to the mapping table: {len(findings.unused)} kinds, such as {known}")
    lines += [f"note: {note}" for note in findings.notes[:8]]
    if problems:
        lines.append(m.translated(f"does not pass the check, {len(problems)} faults:"))
        lines += [f"  {m.problem(problem)}" for problem in problems[:20]]
    else:
        lines.append("passes the check")
    return lines
