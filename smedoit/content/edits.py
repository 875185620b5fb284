# SPDX-License-Identifier: GPL-3.0-or-later
"""What people have changed in a working copy, and what version control says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# What the programs say, and what it means. The first that is found counts.
REASONS: Sequence[tuple[str, str]] = (
    ("cannot find module", "has no such module"),
    ("no such tag", "has no such tag"),
    ("no such repository", "has no repository there"),
    ("connection refused", "nobody answers there: the connection was refused"),
    ("unknown host", "no such host is known"),
    ("name or service not known", "no such host is known"),
    ("could not resolve host", "no such host is known"),
    ("temporary failure in name resolution", "no such host is known"),
    ("timed out", "does not answer in time"),
    ("no such user", "refuses this user"),
    ("authorization failed", "refuses this user or password"),
    ("authentication failed", "refuses this user or password"),
    ("could not read username", "asks for a user and a password"),
    ("permission denied", "refuses access"),
    ("does not appear to be a git repository", "has no repository there"),
    ("repository not found", "has no repository there"),
    ("not found", "has no repository there"),
    ("end of file from server", "closes the connection: has it no such repository?"),
    ("no space left", "there is no room on the disk"),
)


def explain_vcs_error(said: str) -> str:
    """Return what the words of a program that failed mean, "" if nobody knows."""
    lower = said.lower()
    return next((words for sign, words in REASONS if sign in lower), "")


def changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that two sets of digests do not agree on, sorted."""
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
