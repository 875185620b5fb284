# SPDX-License-Identifier: GPL-3.0-or-later
"""A reason names what a person did, and is true."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from smedoit.engine import decision
from smedoit.medium_paths import REPOMD
from tests.harness.places import PROJECT
from tests.harness.project import FAULTS, Project


def test_what_a_failure_kept_from_running_stays_as_it_was(built: Project) -> None:
    menu = built.release.content.path / "isolinux/isolinux.cfg"
    good = menu.read_bytes()
    menu.unlink()
    failed = built.doit("--continue")
    assert failed.code != 0
    menu.write_bytes(good)
    again = built.doit("why").out
    assert decision.NEVER not in again
    assert f"─ {decision.FAILED}" in again


def test_what_was_killed_says_so_and_nobody_is_blamed(built: Project) -> None:
    built.edit(built.release.content.path / "README.txt", "release notes", "notes")
    built.doit("tree", "README.txt", "renamed", "KILL", module=FAULTS)
    said = built.build()
    assert said.because["tree"].startswith(decision.STOPPED)
    assert "somebody else" not in said.out
    assert "your version" not in said.out


def test_a_check_that_began_and_did_not_end_has_not_passed(built: Project) -> None:
    saved = built.state / "closure.json"
    assert '"snapshot:"' in saved.read_text()
    hidden = built.tree / REPOMD
    good = hidden.read_bytes()
    hidden.write_bytes(b"torn")
    assert built.doit("-s", "closure").code != 0
    assert '"snapshot:"' not in saved.read_text()
    hidden.write_bytes(good)
    assert decision.FAILED in built.build("-s", "closure").because["closure"]
    assert '"snapshot:"' in saved.read_text()


def test_another_label_is_the_reason_of_all_that_is_made_for_it(built: Project) -> None:
    built.relabel(label="rc3")
    lines = (line.lstrip("│├└─ ") for line in built.doit("why").out.splitlines())
    reasons = [line for line in lines if not line.endswith(" first")]
    assert set(reasons[1:]) == {
        "release.toml [release] label changed from rc2 to rc3",
        "release.toml [release] volume_id changed from SME-10.1.rc2-x86_64 to SME-10.1.rc3-x86_64",
    }


def test_other_times_of_a_mirror_are_no_change(built: Project) -> None:
    for path in built.tier("centos").rglob("*.rpm"):
        os.utime(path, (1, 1))
    for path in built.tier("smeos").rglob("*.rpm"):
        os.utime(path, (1, 1))
    outcome = built.build()
    assert outcome.ran == set()
    assert not (built.release.state / "edited").exists()


def test_a_rule_that_came_is_one_reason(built: Project) -> None:
    with built.file.open("a") as file:
        file.write('\n[[rules]]\nfiles = ["other.txt"]\nkind = "keep"\n')
    words = built.doit("why", "grub").out
    assert "[[rules]] changed" in words
    assert "aliases" not in words


def test_nothing_waits_without_a_reason(built: Project) -> None:
    built.edit(built.release.content.path / "README.txt", "release notes", "notes")
    lines = built.doit("why").out.splitlines()
    depths = [len(line) - len(line.lstrip("│├└─ ")) for line in lines]
    waiting = [number for number, line in enumerate(lines) if line.endswith(" first")]
    assert waiting
    assert all(depths[number + 1] > depths[number] for number in waiting)
    assert "medium_keys may run first" not in "\n".join(lines)


def test_all_that_is_made_again_has_a_reason(built: Project) -> None:
    outcome = built.build("-a", "tree")
    assert outcome.because["tree"] == decision.AGAIN


def test_nothing_is_pending_that_nobody_asked_for(built: Project) -> None:
    lines = built.doit("list").out.splitlines()
    status = dict(reversed(line.split()[:2]) for line in lines if not line.endswith(":"))
    assert {task: word for task, word in status.items() if word in ("run", "wait")} == {}
    assert (status["iso"], status["source_iso"], status["tiers"], status["mirror"]) == ("ok", "-", "-", "-")


def test_what_was_asked_for_once_is_pending_when_it_changed(built: Project) -> None:
    built.build("tiers:smetest-x86_64")
    before = re.search(r"^(\S+) +tiers ", built.doit("list").out, re.MULTILINE)
    built.put(built.recipe("bash", "smeupdates", release="36.el7_9"), "smetest")
    after = re.search(r"^(\S+) +tiers ", built.doit("list").out, re.MULTILINE)
    assert before
    assert after
    assert (before[1], after[1]) == ("ok", "run")


def test_a_list_says_what_its_words_mean(built: Project) -> None:
    assert built.doit("list").out.splitlines()[-1].endswith("-: it runs when you ask for it")


def test_a_list_on_a_terminal_is_cut_to_its_width_and_has_colours(built: Project) -> None:
    lines = on_terminal(built, 60, "list")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert max(map(len, plain)) <= 60
    assert any(line.startswith("\x1b[32mok    \x1b[0mpackages ") and line.endswith("…") for line in lines)
    assert re.search(r"^ok    iso +the bootable ISO, sealed, .*…$", "\n".join(plain), re.MULTILINE)


def test_who_wants_no_colours_gets_none(built: Project) -> None:
    assert "\x1b" not in "".join(on_terminal(built, 60, "list", NO_COLOR="1"))
    assert "\x1b" not in built.doit("list").out


def on_terminal(project: Project, columns: int, *args: str, **more: str) -> list[str]:
    """Run doit on a terminal that is so wide; return the lines that a person sees."""
    ours, its = pty.openpty()
    environment = {**project.environment(), "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "", **more}
    with subprocess.Popen(
        [sys.executable, "-m", "doit", *args], cwd=PROJECT, env=environment, stdout=its, stderr=subprocess.DEVNULL
    ) as run:
        os.close(its)
        seen = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
    os.close(ours)
    assert run.returncode == 0
    return seen.decode().splitlines()


def test_why_something_ran_is_known_after_the_run(built: Project) -> None:
    notes = built.release.content.path / "README.txt"
    built.edit(notes, "release notes", "notes")
    built.build()
    history = built.doit("history").out.splitlines()
    numbers = [int(line.split()[0]) for line in history]
    assert numbers == sorted(numbers, reverse=True)
    passed = next(int(line.split()[0]) for line in history if " iso:" in line and "passed" in line)
    assert f"{notes} changed" in built.doit("why", "iso", "--run", str(passed)).out
    assert "tree ran first" in built.doit("why", "iso", "--since", "1h").out
    assert "because " in built.doit("history", str(passed)).out
    assert built.doit("why", "--run", "99999").code != 0
