"""Release notes as people read them: on the installer's console, in Markdown, in a browser."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from smedoit.config.identity import Identity
from smedoit.config.notes import Notes
from smedoit.release.changes import KINDS, Change, Installer, Report
from smedoit.rpm.changelog import Entry

HEADINGS = {
    "updated": "Updated packages",
    "added": "New packages",
    "removed": "Packages that are gone",
    "downgraded": "Packages that went back to an older version",
}
INSTALLER = "The installer"
FILES = {"added": "New files", "updated": "Changed files", "removed": "Files that are gone"}
LANGUAGES = {"added": "New languages", "updated": "Changed translations", "removed": "Languages that are gone"}
GAP = "(the changelog does not reach back to the last release)"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(text: str) -> str:
    """Return a text without control characters; what was no UTF-8 is shown as its bytes, never lost."""
    visible = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return CONTROL.sub(" ", visible)


def versions(change: Change) -> str:
    """Return what a change did to the version."""
    return f"{change.before} → {change.after}" if change.before and change.after else change.before or change.after


@dataclass(frozen=True)
class Part:
    """Changes below one heading, "" for none, and lines that follow them."""

    heading: str
    changes: Sequence[Change]
    lines: Sequence[str] = ()


def sections(report: Report) -> dict[str, list[Part]]:
    """Return title -> parts: every group, then the installer."""
    found = {
        clean(group): [Part(HEADINGS[kind], chosen) for kind in KINDS if (chosen := of_kind(kind, changes))]
        for group, changes in report.groups.items()
    }
    if report.installer:
        anaconda = report.installer.anaconda
        found[INSTALLER] = [Part("", [anaconda] if anaconda else [], list(overlaid(report.installer)))]
    return found


def of_kind(kind: str, changes: Sequence[Change]) -> list[Change]:
    """Return the changes of one kind."""
    return [change for change in changes if change.kind == kind]


def overlaid(installer: Installer) -> Iterator[str]:
    """Yield a line for each kind of change of the installer's files and languages."""
    for headings, changes in ((FILES, installer.files), (LANGUAGES, installer.languages)):
        for kind, heading in headings.items():
            if kind in changes:
                yield f"{heading}: {', '.join(clean(name) for name in changes[kind])}"


def summary(report: Report) -> str:
    """Return the counts in words."""
    return ", ".join(f"{report.count(kind)} {kind}" for kind in KINDS if report.count(kind)) or "no package changed"


def text(report: Report, one: Identity, since: str, settings: Notes) -> str:
    """Return README.txt: plain, wrapped, every line at most settings.width columns where words allow it."""
    title = f"{one.product} {one.title}"
    lines = [title, "=" * len(title), "", *wrapped(f"Changes since {since}: {summary(report)}.", "", settings)]
    for name, parts in sections(report).items():
        lines += ["", name, "-" * len(name)]
        for part in parts:
            lines += ["", f"{part.heading}:"] if part.heading else [""]
            lines += [line for change in part.changes for line in text_of(change, settings)]
            lines += [line for one in part.lines for line in wrapped(one, "  ", settings)]
    if report.bugs:
        lines += ["", "Bugs", "----", ""]
        lines += [
            line
            for number, names in report.bugs.items()
            for line in wrapped(f"{number}: {', '.join(names)}", "  ", settings)
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def text_of(change: Change, settings: Notes) -> Iterator[str]:
    """Yield a change's lines for the console."""
    yield from wrapped(f"{change.name} {versions(change)}".replace("→", "->"), "  ", settings)
    for entry in change.entries:
        yield from wrapped(f"{entry.day} {clean(entry.author)}", "    ", settings)
        for line in clean(entry.text).splitlines():
            yield from wrapped(line.strip(), "      ", settings)
    if change.gap:
        yield f"    {GAP}"


def wrapped(line: str, indent: str, settings: Notes) -> list[str]:
    """Return one paragraph as lines; an item's further lines stand under its words."""
    mark = re.match(r"[-*] ", line)
    below = indent + "  " if mark else indent
    return textwrap.wrap(line, settings.width, initial_indent=indent, subsequent_indent=below, break_on_hyphens=False)


def markdown(report: Report, one: Identity, since: str, settings: Notes) -> str:
    """Return the notes in Markdown, bugs linked to the tracker."""
    lines = [f"# {marked(f'{one.product} {one.title}')}", "", f"Changes since {marked(since)}: {summary(report)}."]
    for name, parts in sections(report).items():
        lines += ["", f"## {marked(name)}"]
        for part in parts:
            lines += ["", f"### {part.heading}", ""] if part.heading else [""]
            lines += [line for change in part.changes for line in markdown_of(change, settings)]
            lines += [f"- {marked(line)}" for line in part.lines]
    if report.bugs:
        lines += ["", "## Bugs", ""]
        lines += [
            f"- {bug_link(number, settings)}: {marked(', '.join(names))}" for number, names in report.bugs.items()
        ]
    return "\n".join(lines) + "\n"


def markdown_of(change: Change, settings: Notes) -> Iterator[str]:
    """Yield a change's lines in Markdown."""
    yield f"- **{marked(change.name)}** {marked(versions(change))}"
    for entry in change.entries:
        yield f"  - {entry.day} {marked(clean(entry.author))}"
        for line in clean(entry.text).splitlines():
            if line.strip():
                yield f"    - {linked(line, settings, marked, bug_link)}"
    if change.gap:
        yield f"  - {GAP}"


def marked(words: str) -> str:
    """Return words that Markdown shows as they are."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", words)


def bug_link(number: int, settings: Notes) -> str:
    """Return a bug as a Markdown link, or its number where there is no tracker."""
    return f"[{number}](<{settings.tracker.format(bug=number)}>)" if settings.tracker else str(number)


def linked(line: str, settings: Notes, quote: Callable[[str], str], link: Callable[[int, Notes], str]) -> str:
    """Return a changelog line with its bug numbers linked, everything else quoted."""
    line = re.sub(r"^\s*[-*]\s*", "", line)
    places = sorted({found.span(1) for pattern in settings.bugs for found in re.finditer(pattern, line, re.IGNORECASE)})
    parts, last = [], 0
    for start, end in places:
        if start >= last:
            parts += [quote(line[last:start]), link(int(line[start:end]), settings)]
            last = end
    return "".join([*parts, quote(line[last:])])


def page(report: Report, one: Identity, since: str, settings: Notes) -> str:
    """Return the notes as one HTML page that needs nothing else."""
    title = html.escape(f"{one.product} {one.title}")
    body = [f"<h1>{title}</h1>", f"<p>Changes since {html.escape(since)}: {summary(report)}.</p>"]
    for name, parts in sections(report).items():
        body.append(f"<h2>{html.escape(name)}</h2>")
        for part in parts:
            body += [f"<h3>{part.heading}</h3>"] if part.heading else []
            body += html_list([*(html_of(one, settings) for one in part.changes), *map(html.escape, part.lines)])
    if report.bugs:
        items = (
            f"{html_bug(number, settings)}: {html.escape(', '.join(names))}" for number, names in report.bugs.items()
        )
        body += ["<h2>Bugs</h2>", *html_list(list(items))]
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>'
    return "\n".join([head, *body, "</body>", "</html>"]) + "\n"


def html_of(change: Change, settings: Notes) -> str:
    """Return a change as the content of a list item."""
    head = f"<b>{html.escape(change.name)}</b> {html.escape(versions(change))}"
    entries = [html_entry(entry, settings) for entry in change.entries] + ([GAP] if change.gap else [])
    return head + "".join(html_list(entries)) if entries else head


def html_entry(entry: Entry, settings: Notes) -> str:
    """Return a changelog entry as the content of a list item."""
    lines = [linked(line, settings, html.escape, html_bug) for line in clean(entry.text).splitlines() if line.strip()]
    return f"{entry.day} {html.escape(clean(entry.author))}" + "".join(html_list(lines))


def html_list(items: Sequence[str]) -> list[str]:
    """Return a list, or nothing."""
    return ["<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"] if items else []


def html_bug(number: int, settings: Notes) -> str:
    """Return a bug as a link."""
    if not settings.tracker:
        return str(number)
    return f'<a href="{html.escape(settings.tracker.format(bug=number), quote=True)}">{number}</a>'
