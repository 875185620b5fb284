# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that exists, made a world of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from smedoit.config.network import NetworkSettings
from smedoit.engine.task import Option, Task, started_in
from smedoit.errors import ConfigError
from smedoit.iso.tasks import on_medium


def import_place(network: NetworkSettings) -> Task:
    """A stage tree, a published tree or an ISO as a world."""

    def run(trust: bool, keys: str, pool: str, no_build: bool, words: list[str]) -> object:
        from smedoit.config.network import is_http_url
        from smedoit.importing.importer import ImportRequest, import_release

        if len(words) not in (1, 2):
            raise ConfigError(
                "doit import takes a place, and the empty directory that becomes its world",
                hint="doit import PLACE DIR; PLACE is a tree, an ISO, or an address of one",
            )
        here = started_in()
        request = ImportRequest(
            place=words[0] if is_http_url(words[0]) else os.path.abspath(here / words[0]),
            home=Path(os.path.abspath(here.joinpath(*words[1:]))),
            trust=trust,
            key_files=[here / name for name in keys.split(",") if name],
            pool=here / pool if pool else None,
            build=not no_build,
            network=network,
        )
        return import_release(request, on_medium, ask=_ask_person if sys.stdin.isatty() else None)

    return Task(
        name="import",
        example="smeserver-10.0-x86_64.iso world",
        run=run,
        always=True,
        options=[
            Option("trust", "trust the keys that are found, without asking", default=False),
            Option("keys", "further key files, with commas between them"),
            Option("pool", "the directory below which links of PLACE may lead, as those of a mirror into its pool"),
            Option("no_build", "do not build a first medium, and do not compare", default=False, long="no-build"),
        ],
        words="words",
    )


def _ask_person(question: str) -> str:
    """Return what a person types, "" for whoever ends the input."""
    try:
        return input(question)
    except EOFError:
        return ""
