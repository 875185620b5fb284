# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a source could not be exported, in a sentence, told by the line of git or cvs that says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.config.inputs import ExportSource
from smedoit.config.network import NetworkSettings
from smedoit.content import export
from smedoit.errors import NetworkError
from tests.harness.tools import need

ADVICE = """fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


def test_a_repository_that_is_not_there_is_told_by_the_line_of_git_that_says_so(tmp_path: Path) -> None:
    need("git")
    source = ExportSource("git", f"{tmp_path}/none.git", "")
    with pytest.raises(NetworkError) as caught:
        export.export_source(source, tmp_path / "export", tmp_path / "mirror", NetworkSettings())
    assert f"has no repository there ('{tmp_path}/none.git' does not appear to be a git repository)\n" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "Host key verification failed.\n" + ADVICE,
            "is on a host whose key known_hosts does not have (Host key verification failed.)",
        ),
        (
            "ssh: connect to host x port 22: Connection refused\n" + ADVICE,
            "connection refused (ssh: connect to host x port 22: Connection refused)",
        ),
        (
            "bash: line 1: git-upload-pack: command not found\n" + ADVICE,
            "has no git or cvs on its host (bash: line 1: git-upload-pack: command not found)",
        ),
        (
            "git: 'remote-x' is not a git command. See 'git --help'.\n\nThe most similar command is\n\tremote-ftp\n",
            "has an address of a kind that git does not know (git: 'remote-x' is not a git command. See 'git --help'.)",
        ),
        (
            "cvs server: cannot find module `x' - ignored\ncvs [checkout aborted]: cannot expand modules\n",
            "has no such module (cvs server: cannot find module `x' - ignored)",
        ),
        ("the disk is on fire\n" + ADVICE, "the disk is on fire"),
        (ADVICE, "Could not read from remote repository."),
        ("", ""),
    ],
)
def test_the_reason_is_what_the_program_says_and_never_its_advice(said: str, reason: str) -> None:
    assert export.explain_vcs_error(said) == reason
