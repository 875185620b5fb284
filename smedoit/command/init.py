# SPDX-License-Identifier: GPL-3.0-or-later
"""smedoit init: a release.toml to fill in, or the practice one, and a dodo.py beside it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import resources
from pathlib import Path
from string import Template

from smedoit.bases.known import USUAL
from smedoit.config.release import DEFAULT_FILE, Release, load_release
from smedoit.config.tables import read_settings
from smedoit.engine.arguments import read_options
from smedoit.engine.option import Option
from smedoit.engine.world import IMPORTING, PAGE, write_contents_page
from smedoit.errors import UsageError
from smedoit.keys.known import PUBLISHED
from smedoit.release.majors import MAJORS, PRACTICE_STREAMS, SME10, ProductMajor, format_modules, format_tiers
from smedoit.release.next_toml import next_release_toml
from smedoit.runtime.files import make_directory, write_file
from smedoit.runtime.terminal import show_text

OPTIONS = (
    Option("sample", "the practice release, which smedoit sample makes packages and all for", default=False),
    Option("base", f"the Enterprise Linux underneath: {', '.join(MAJORS)}", default=USUAL.name),
    Option("help", "this text", default=False, short="h"),
)
MARK = "FILL IN"
# What the practice release.toml of a later major says otherwise: its packages have all that the installer adds, and the
# medium has the repositories of upstream
LATER_PRACTICE = {
    r"allow_missing = \{ btrfs-progs.*": "allow_missing = {}",
    r'upstream = \["(\S+)/BaseOS/x86_64/os"\]': r'upstream = ["\1/AppStream/x86_64/os"]',
    r'"openssl\*" = .*': '"smeextras/*" = "what the installer is made of"',
}


def init_world(typed: Sequence[str], program: str) -> int:
    """smedoit init [DIRECTORY]: write what a world begins with, and say what is next. Raises UsageError."""
    given = read_options("init", OPTIONS, typed, mixed=True, more=f"{program} init --help shows all")
    if given.options.get("help"):
        show_text(sys.stdout, _help_text(program))
        return 0
    if len(given.words) > 1:
        raise UsageError("init takes one directory", hint=f"type {program} init DIRECTORY")
    base = str(given.options.get("base", USUAL.name))
    if base not in MAJORS:
        known = ", ".join(f"{name} for SME Server {major.major}" for name, major in MAJORS.items())
        raise UsageError(f"--base {base}: there is no such base", hint=f"there are {known}")
    home = Path(os.path.abspath(given.words[0] if given.words else "."))
    practice = bool(given.options.get("sample"))
    _refuse_taken(home)
    make_directory(home)
    text = release_text(base, practice, datetime.now(timezone.utc))
    write_file(home / DEFAULT_FILE, text)
    load_release(home / DEFAULT_FILE)
    new = write_contents_page(home)
    written = (
        f"{', '.join([DEFAULT_FILE, *new[:-1]])} and {new[-1]} are written" if new else f"{DEFAULT_FILE} is written"
    )
    if PAGE not in new:
        written += f"; {PAGE} is kept, its tasks are smedoit's if it has: {IMPORTING}"
    show_text(sys.stdout, f"{home}: {written}\n{_next_steps(home, program, practice, text)}")
    return 0


def release_text(base: str, practice: bool, now: datetime) -> str:
    """Return a release.toml to begin with.

    base      the Enterprise Linux underneath
    practice  that of `doit sample`, complete; else one with marks where something must be filled in
    """
    major = MAJORS[base]
    if practice:
        return _practice_text(major)
    text = resources.files("smedoit.command").joinpath("release.toml.in").read_text(encoding="utf-8")
    keys = {key.file: key.fingerprint for key in PUBLISHED}
    return Template(text).substitute(
        today=now.strftime("%Y-%m-%d"),
        major=major.major,
        version=major.version,
        base=base,
        tiers=format_tiers([*major.own, *major.foreign]),
        modules="\n" + "\n".join(format_modules(major, {})) if major.built_on.platform else "",
        koozali=keys["RPM-GPG-KEY-koozali"],
        key=major.key,
        fingerprint=keys[major.key],
        source=major.source,
        content=major.content_name,
    )


def _practice_text(major: ProductMajor) -> str:
    """Return the practice release.toml: that of the clone, or what becomes of it for a later major."""
    text = resources.files("smedoit.command").joinpath("practice.toml").read_text(encoding="utf-8")
    if major == SME10:
        return text
    before = read_settings(Release, text, Path(DEFAULT_FILE), given={"file": Path(DEFAULT_FILE)}).release
    after = replace(before, major=major.major, version=major.version, label="alpha1", base=major.base)
    text = next_release_toml(text, before, after, PRACTICE_STREAMS)
    last = next(other.version for other in MAJORS.values() if other.major == major.major - 1)
    words = {  # in what comments show, and in what comes before a release
        SME10.version: major.version,
        f"{SME10.major}.0": last,
        f"testing/{SME10.major}": f"testing/{major.major}",
        f"{SME10.content_name}_1": f"{major.content_name}_0",
        SME10.content_name: major.content_name,
    }
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})(?![0-9]|\.[0-9])")
    text = pattern.sub(lambda found: words[found.group()], text)
    for old, new in LATER_PRACTICE.items():
        text = re.sub(old, new, text, count=1)
    return text


def _refuse_taken(home: Path) -> None:
    """Raise UsageError if a world has begun there already, or something else has that name."""
    if os.path.lexists(home / DEFAULT_FILE):
        raise UsageError(f"{home / DEFAULT_FILE}: is there already", hint="edit it, or begin in another directory")
    if os.path.lexists(home) and not home.is_dir():
        raise UsageError(f"{home}: is no directory", hint="name another one")


def _next_steps(home: Path, program: str, practice: bool, text: str) -> str:
    """Return what a person does now."""
    if practice:
        following = f"now: {program} sample iso"
    else:
        marked = [number for number, line in enumerate(text.splitlines(), 1) if f"# {MARK}" in line]
        following = (
            f"now: fill in what is marked {MARK} in {DEFAULT_FILE} (lines {', '.join(map(str, marked))}),\n"
            f"then: {program} doctor, {program} pin_boot_set, {program} iso"
        )
    go = "" if home == Path.cwd() else f"cd {home}\n"
    return f"{go}{following}"


def _help_text(program: str) -> str:
    options = "\n".join(f"  {option.spelling:<22}  {option.help}" for option in OPTIONS)
    return (
        f"{program} init [OPTION …] [DIRECTORY]\n\n"
        f"begin a world: a {DEFAULT_FILE} to fill in, and a {PAGE} of three lines; nothing is ever overwritten\n\n"
        f"options:\n{options}\n\n"
        f"for example: {program} init --sample practice && cd practice && {program} sample iso"
    )
