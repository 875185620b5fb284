"""The announcement of what was published, beside the stage."""

from __future__ import annotations

from pathlib import Path

from smedoit.decide import announcement, checksums
from smedoit.decide.announcement import Medium, News
from smedoit.decide.config import Release
from smedoit.decide.identity import Identity
from smedoit.decide.publish import Plan
from smedoit.do import tree

SIGNED = (*checksums.NAMES, *(f"{name}.asc" for name in checksums.NAMES))


def is_of(one: Identity, name: str) -> bool:
    """Return whether a file below the media belongs to this release; those of other versions may lie beside it."""
    own = Path(name).name
    return own.startswith(f"{one.name}-{one.full}-") or own in SIGNED or "metadata" in Path(name).parts


def write(rel: Release, made: Plan) -> list[str]:
    """Write mail, wiki text and checklist; return what a person still does, as lines."""
    target = rel.stage / "announcement"
    news = News(rel.release, made.place, rel.mirrors.bases(rel.release), media(made), notes(rel), rel.publish.announce)
    before = made.before if made.switches else ""
    checklist = announcement.checklist(news, before)
    for name, text in (
        ("mail.txt", announcement.mail(news)), ("wiki.txt", announcement.wiki(news)), ("checklist.txt", checklist)
    ):  # fmt: skip
        tree.write(target / name, text)
    return [f"announcement: {target}", *checklist.splitlines()]


def media(made: Plan) -> list[Medium]:
    """Return the media of a release."""
    return [Medium(path, one.size, one.sha256) for path, one in sorted(made.files.items()) if path.endswith(".iso")
            and path.startswith("iso/")]  # fmt: skip


def notes(rel: Release) -> str:
    """Return the release notes, "" if nobody made them."""
    path = rel.stage / "notes/README.txt"
    return tree.read_text(path) if path.is_file() else ""
