# SPDX-License-Identifier: GPL-3.0-or-later
"""Release notes as people read them: on the installer's console, in Markdown, in a browser."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.notes import NotesSettings
from smedoit.packages.changes import KINDS, ChangeReport, InstallerChanges, PackageChange
from smedoit.rpm.changelog import ChangelogEntry
from smedoit.runtime import foreign
from smedoit.runtime.terminal import UNSEEN

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


def _strip_control_characters(text: str) -> str:
    """Return a text without control characters; what was no UTF-8 is shown as its bytes, never lost."""
    visible = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return UNSEEN.sub(" ", visible)


def _version_range(change: PackageChange) -> str:
    """Return what a change did to the version."""
    said = f"{change.before} → {change.after}" if change.before and change.after else change.before or change.after
    return _strip_control_characters(said)


@dataclass(frozen=True)
class NotesSection:
    """Changes below one heading, "" for none, and lines that follow them."""

    heading: str
    changes: Sequence[PackageChange]
    lines: Sequence[str] = ()


def _notes_sections(report: ChangeReport) -> dict[str, list[NotesSection]]:
    """Return title -> parts: every group, then the installer."""
    found = {
        _strip_control_characters(group): [
            NotesSection(HEADINGS[kind], chosen) for kind in KINDS if (chosen := _changes_of_kind(kind, changes))
        ]
        for group, changes in report.groups.items()
    }
    if report.installer:
        anaconda = report.installer.anaconda
        found[INSTALLER] = [NotesSection("", [anaconda] if anaconda else [], list(_installer_lines(report.installer)))]
    return found


def _changes_of_kind(kind: str, changes: Sequence[PackageChange]) -> list[PackageChange]:
    """Return the changes of one kind."""
    return [change for change in changes if change.kind == kind]


def _installer_lines(installer: InstallerChanges) -> Iterator[str]:
    """Yield a line for each kind of change of the installer's files and languages."""
    for headings, changes in ((FILES, installer.files), (LANGUAGES, installer.languages)):
        for kind, heading in headings.items():
            if kind in changes:
                yield f"{heading}: {', '.join(_strip_control_characters(name) for name in changes[kind])}"


def summarize_changes(report: ChangeReport) -> str:
    """Return the counts in words."""
    return ", ".join(f"{report.count(kind)} {kind}" for kind in KINDS if report.count(kind)) or "no package changed"


def format_notes_text(report: ChangeReport, identity: ReleaseIdentity, since: str, settings: NotesSettings) -> str:
    """Return README.txt: plain, wrapped, every line at most settings.width columns where words allow it."""
    title = f"{identity.product} {identity.title}"
    lines = [
        title,
        "=" * len(title),
        "",
        *_wrap_line(f"Changes since {since}: {summarize_changes(report)}.", "", settings),
    ]
    for name, parts in _notes_sections(report).items():
        lines += ["", name, "-" * len(name)]
        for part in parts:
            lines += ["", f"{part.heading}:"] if part.heading else [""]
            lines += [line for change in part.changes for line in _text_change(change, settings)]
            lines += [line for paragraph in part.lines for line in _wrap_line(paragraph, "  ", settings)]
    if report.bugs:
        lines += ["", "Bugs", "----", ""]
        lines += [
            line
            for number, names in report.bugs.items()
            for line in _wrap_line(f"{number}: {', '.join(names)}", "  ", settings)
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _text_change(change: PackageChange, settings: NotesSettings) -> Iterator[str]:
    """Yield a change's lines for the console."""
    yield from _wrap_line(
        f"{_strip_control_characters(change.name)} {_version_range(change)}".replace("→", "->"), "  ", settings
    )
    for entry in change.entries:
        yield from _wrap_line(f"{entry.day} {_strip_control_characters(entry.author)}", "    ", settings)
        for line in _strip_control_characters(entry.text).splitlines():
            yield from _wrap_line(line.strip(), "      ", settings)
    if change.gap:
        yield f"    {GAP}"


def _wrap_line(line: str, indent: str, settings: NotesSettings) -> list[str]:
    """Return one paragraph as lines; an item's further lines stand under its words."""
    mark = re.match(r"[-*] ", line)
    below = indent + "  " if mark else indent
    return textwrap.wrap(line, settings.width, initial_indent=indent, subsequent_indent=below, break_on_hyphens=False)


def format_notes_markdown(report: ChangeReport, identity: ReleaseIdentity, since: str, settings: NotesSettings) -> str:
    """Return the notes in Markdown, bugs linked to the tracker."""
    lines = [
        f"# {_escape_markdown(f'{identity.product} {identity.title}')}",
        "",
        f"Changes since {_escape_markdown(since)}: {summarize_changes(report)}.",
    ]
    for name, parts in _notes_sections(report).items():
        lines += ["", f"## {_escape_markdown(name)}"]
        for part in parts:
            lines += ["", f"### {part.heading}", ""] if part.heading else [""]
            lines += [line for change in part.changes for line in _markdown_change(change, settings)]
            lines += [f"- {_escape_markdown(line)}" for line in part.lines]
    if report.bugs:
        lines += ["", "## Bugs", ""]
        lines += [
            f"- {_bug_link(number, settings)}: {_escape_markdown(', '.join(names))}"
            for number, names in report.bugs.items()
        ]
    return "\n".join(lines) + "\n"


def _markdown_change(change: PackageChange, settings: NotesSettings) -> Iterator[str]:
    """Yield a change's lines in Markdown."""
    yield f"- **{_escape_markdown(_strip_control_characters(change.name))}** {_escape_markdown(_version_range(change))}"
    for entry in change.entries:
        yield f"  - {entry.day} {_escape_markdown(_strip_control_characters(entry.author))}"
        for line in _strip_control_characters(entry.text).splitlines():
            if line.strip():
                yield f"    - {_link_bugs(line, settings, _escape_markdown, _bug_link)}"
    if change.gap:
        yield f"  - {GAP}"


def _escape_markdown(words: str) -> str:
    """Return words that Markdown shows as they are."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", words)


def _bug_link(number: int, settings: NotesSettings) -> str:
    """Return a bug as a Markdown link, or its number where there is no tracker."""
    return f"[{number}](<{settings.tracker.replace('{bug}', str(number))}>)" if settings.tracker else str(number)


def _link_bugs(
    line: str, settings: NotesSettings, quote: Callable[[str], str], link: Callable[[int, NotesSettings], str]
) -> str:
    """Return a changelog line with its bug numbers linked, everything else quoted."""
    line = re.sub(r"^\s*[-*]\s*", "", line)
    places = sorted({found.span(1) for pattern in settings.bugs for found in re.finditer(pattern, line, re.IGNORECASE)})
    parts, last = [], 0
    for start, end in places:
        if start >= last:
            number = foreign.parse_decimal(line[start:end])
            parts += [quote(line[last:start]), quote(line[start:end]) if number is None else link(number, settings)]
            last = end
    return "".join([*parts, quote(line[last:])])


def format_notes_html(report: ChangeReport, identity: ReleaseIdentity, since: str, settings: NotesSettings) -> str:
    """Return the notes as one HTML page that needs nothing else."""
    title = html.escape(f"{identity.product} {identity.title}")
    body = [f"<h1>{title}</h1>", f"<p>Changes since {html.escape(since)}: {summarize_changes(report)}.</p>"]
    for name, parts in _notes_sections(report).items():
        body.append(f"<h2>{html.escape(name)}</h2>")
        for part in parts:
            body += [f"<h3>{part.heading}</h3>"] if part.heading else []
            body += _html_list(
                [*(_html_change(change, settings) for change in part.changes), *map(html.escape, part.lines)]
            )
    if report.bugs:
        items = (
            f"{_html_bug(number, settings)}: {html.escape(', '.join(names))}" for number, names in report.bugs.items()
        )
        body += ["<h2>Bugs</h2>", *_html_list(list(items))]
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>'
    return "\n".join([head, *body, "</body>", "</html>"]) + "\n"


def _html_change(change: PackageChange, settings: NotesSettings) -> str:
    """Return a change as the content of a list item."""
    head = f"<b>{html.escape(_strip_control_characters(change.name))}</b> {html.escape(_version_range(change))}"
    entries = [_html_entry(entry, settings) for entry in change.entries] + ([GAP] if change.gap else [])
    return head + "".join(_html_list(entries)) if entries else head


def _html_entry(entry: ChangelogEntry, settings: NotesSettings) -> str:
    """Return a changelog entry as the content of a list item."""
    lines = [
        _link_bugs(line, settings, html.escape, _html_bug)
        for line in _strip_control_characters(entry.text).splitlines()
        if line.strip()
    ]
    return f"{entry.day} {html.escape(_strip_control_characters(entry.author))}" + "".join(_html_list(lines))


def _html_list(items: Sequence[str]) -> list[str]:
    """Return a list, or nothing."""
    return ["<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"] if items else []


def _html_bug(number: int, settings: NotesSettings) -> str:
    """Return a bug as a link."""
    if not settings.tracker:
        return str(number)
    return f'<a href="{html.escape(settings.tracker.replace("{bug}", str(number)), quote=True)}">{number}</a>'
