# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of a command: the directory of release.toml, here or above, as git and cargo find theirs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.release import DEFAULT_FILE
from smedoit.errors import UsageError, os_error_text
from smedoit.runtime.files import write_file

PAGE = "dodo.py"
CONTENTS = "smedoit.contents"  # the contents page of a world that has none of its own
IMPORTING = f"from {CONTENTS} import *"
CONTENTS_PAGE = f'''"""The tasks of this world are those of smedoit; `smedoit list` shows them. Your own may follow."""

{IMPORTING}  # noqa: F403
'''
DOIT_CFG = "doit.cfg"
PLAIN_DOIT = """# With this, plain doit in this directory is smedoit, whatever is typed behind it.
[GLOBAL]
loader = smedoit
[LOADER]
smedoit = smedoit.command.takeover:DoitLoader
"""
VARIABLE = "SMEDOIT_RELEASE"


@dataclass(frozen=True)
class World:
    """A directory that smedoit works in.

    home  where its release.toml lies, or its contents page
    page  its dodo.py, None if it has none and wants none
    """

    home: Path
    page: Path | None


def find_world(start: Path, named: str | None) -> World:
    """Return the world that start lies in. Raises UsageError if there is none, or if it is a stranger's.

    named  a release.toml that somebody chose, which then need not be the one that is nearest

    A contents page is code, so one that is only found above start must belong to who starts it, or to root.
    """
    wanted = PAGE if named else DEFAULT_FILE
    for home in (start, *start.parents):
        if os.path.isfile(home / wanted):
            if home != start:
                _refuse_strangers(home)
            return World(home, home / PAGE if os.path.isfile(home / PAGE) else None)
    if named:
        return World((start / named).parent, None)
    raise UsageError(
        f"there is no {DEFAULT_FILE} in {start} or any directory above it",
        hint="go to yours; or begin one: smedoit init, or smedoit import PLACE DIR for a release that exists",
    )


def write_contents_page(home: Path) -> list[str]:
    """Write what a world has beside release.toml, for smedoit and for plain doit; return the names of what is new."""
    texts = {PAGE: CONTENTS_PAGE, DOIT_CFG: PLAIN_DOIT}
    new = [name for name in texts if not os.path.lexists(home / name)]
    for name in new:
        write_file(home / name, texts[name])
    return new


def _refuse_strangers(home: Path) -> None:
    """Raise UsageError if another user could have put there what would run now."""
    for name in (DEFAULT_FILE, PAGE):
        try:
            owner = os.stat(home / name).st_uid
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UsageError(f"{home / name}: cannot be looked at, {os_error_text(error)}") from None
        if owner not in (0, os.geteuid()):
            raise UsageError(f"{home / name}: belongs to another user", hint=f"if you trust it, cd {home} first")
