# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of a libsolv pool that dnf hides because of modules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

SOURCE_ARCHITECTURES = (".src", ".nosrc")


def find_hidden_packages(
    pool: Any, shown: Mapping[str, str], hidden: Mapping[str, str], exempt: Collection[str] = ()
) -> dict[int, str]:
    """Return id -> why dnf hides a package of the pool, in words.

    shown   NEVRA of a package of an active stream -> MODULE:STREAM
    hidden  NEVRA of a package of any other stream -> MODULE:STREAM
    exempt  names of repositories of which nothing is hidden: what is installed

    Source: libdnf 0.69, libdnf/dnf-sack.cpp, setModuleExcludes
    """
    names = {nevra.rsplit("-", 2)[0]: of for nevra, of in shown.items() if not nevra.endswith(SOURCE_ARCHITECTURES)}
    providers = {
        solvable.id: (name, of) for name, of in names.items() for solvable in pool.whatprovides(pool.Dep(name))
    }
    found: dict[int, str] = {}
    for solvable in pool.solvables_iter():
        nevra, name = str(solvable), solvable.name
        if nevra in shown or solvable.repo.name in exempt:
            continue
        if nevra in hidden:
            found[solvable.id] = f"it is of {hidden[nevra]}, a stream that is neither enabled nor a default"
        elif name in names:
            found[solvable.id] = f"{names[name]} has its own {name}"
        elif solvable.id in providers:
            provided, of = providers[solvable.id]
            found[solvable.id] = f"it provides {provided}, and {of} has its own {provided}"
    return found


def hide_packages(pool: Any, hidden: Collection[int]) -> None:
    """Keep packages from the solver, and from all that asks what provides something.

    What is loaded into the pool afterwards would lie outside of what libsolv then considers: load everything before.
    """
    if hidden:
        pool.set_considered_list([solvable.id for solvable in pool.solvables_iter() if solvable.id not in hidden])
        pool.createwhatprovides()
