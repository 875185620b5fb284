# SPDX-License-Identifier: GPL-3.0-or-later
"""doit does the work that a change calls for, no more and no less, and says why."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from smedoit.bootfiles.images import STAND_IN
from smedoit.engine.decision import EDITED
from smedoit.runtime.files import FileStamp, stamp_file, write_file
from smedoit.sample import pictures, translations
from tests.harness.project import Outcome, Project, Warm

OVERLAID = {"treeinfo", "check_versions", "iso"}  # what follows an image that .treeinfo has the checksum of
CHECKS = {"closure", "updates", "quality", "release_package", "medium_keys"}  # what must agree to another choice
CHOSEN = {"packages", "stage_packages", "comps", "repodata", *CHECKS, *OVERLAID}  # what follows such a choice
IMAGES = {"grub", "product_img", "updates_img"}
EVERY = {*CHOSEN, *IMAGES, "tree", "check_boot_set", "isolinux", "anaconda_version", "install_classes", "stage_link"}
TEXTS = {"check_versions", "iso"}  # what follows a file that is on the medium as it is
PIXMAPS = "product/usr/share/anaconda/pixmaps"


# What a change costs


def picture(project: Project, relative: str) -> None:
    """Give the content tree another picture."""
    colours = pictures.SPLASH["isolinux/splash.png"][2:]
    (project.release.content.path / relative).write_bytes(pictures.striped_png(640, 480, *reversed(colours)))


def bash(project: Project, release: str, tier: str) -> None:
    """Put a bash into a tier; 34 lies in smeos, 35 in smeupdates."""
    project.put(project.recipe("bash", "smeupdates", release=release), tier)


def other_order(project: Project) -> None:
    """Name the keys in another order."""
    file = project.home / "release.toml"
    head, *keys = re.split(r"(?=^\[\[keys\]\])", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    last, _, rest = keys[1].partition("\n\n")
    file.write_text(f"{head}{last}\n\n{keys[0]}{rest}", encoding="utf-8")


def label(project: Project, text: str) -> Path:
    """Give the release another label, and the package that carries it; return the package."""
    project.relabel(label=text)
    return project.put(project.recipe("smeserver-release", "smeupdates-testing"), "smeupdates-testing")


def content(relative: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.edit(project.release.content.path / relative, old, new)


def release_toml(old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.configure(old, new)


def catalogue(language: str) -> Callable[[Project], Path]:
    return lambda project: project.release.translations.path / language / "LC_MESSAGES/anaconda.mo"


def withdraw(project: Project) -> None:
    """Take the package away that won."""
    [file] = project.home.glob("build/repo/*/*/smeupdates/*/RPMS/bash-*.rpm")
    file.unlink()


def touch_all(project: Project) -> None:
    """Give every file of content, translations, keys and boot set another time."""
    rel = project.release
    for top in (rel.content.path, rel.translations.path, rel.boot_set.path / "isolinux"):
        for file in top.rglob("*"):
            os.utime(file, (1, 1))


def other_runtime(project: Project) -> None:
    """Give the boot set another squashfs.img."""
    write_file(project.release.boot_set.path / "LiveOS/squashfs.img", STAND_IN + b"another runtime")


CHANGES: Mapping[str, tuple[Callable[[Project], object], set[str]]] = {
    "nothing": (lambda _: None, set()),
    "the splash picture": (lambda project: picture(project, "isolinux/splash.png"), {"tree", *TEXTS}),
    "a picture of product": (
        lambda project: picture(project, f"{PIXMAPS}/topbar-bg.png"), {"product_img", *OVERLAID}
    ),
    "a new picture of product": (
        lambda project: picture(project, f"{PIXMAPS}/rnotes/en/03-new.png"), {"product_img", *OVERLAID}
    ),
    "a translation": (
        lambda project: catalogue("de")(project).write_bytes(translations.practice_catalog("fr")),
        {"updates_img", *OVERLAID},
    ),
    "a vanished language": (
        lambda project: shutil.rmtree(catalogue("nl")(project).parents[1]), {"updates_img", *OVERLAID}
    ),
    "an RPM that wins": (lambda project: bash(project, "36.el7_9", "smeupdates"), CHOSEN),
    "an RPM that loses": (lambda project: bash(project, "33.el7_9", "smeupdates"), {"packages"}),
    "an RPM in a tier that is not staged": (lambda project: bash(project, "36.el7_9", "smetest"), {"updates"}),
    "a withdrawn RPM": (withdraw, CHOSEN),
    "the label": (lambda project: label(project, "rc3"), EVERY),
    "the address for bugs": (
        lambda project: project.relabel(bug_url="https://bugs.example.invalid"), {"product_img", *OVERLAID}
    ),
    "an install class": (
        content("product/run/install/product/pyanaconda/installclasses/koozali.py", "xfs", "ext4"),
        {"install_classes", "product_img", *OVERLAID},
    ),
    "the place of translations": (release_toml('"locale"', '"updates"'), {"updates_img", *OVERLAID}),
    "the release notes": (content("README.txt", "release notes", "notes"), {"tree", *TEXTS}),
    "a vanished file": (lambda project: (project.release.content.path / "GPL").unlink(), {"tree", "iso"}),
    "a text of comps": (
        content("Packages/base/comps.xml", "<description>", "<description>More: "),
        {"comps", "repodata", "closure", "updates", *OVERLAID},
    ),
    "a text of the boot menu": (content("isolinux/boot.msg", "SME Server", "The SME Server"), {"isolinux", *TEXTS}),
    "a text of grub.cfg": (content("EFI/BOOT/grub.cfg", "set timeout=", "set timeout=1"), {"grub", *OVERLAID}),
    "a boot file": (other_runtime, {"tree", "check_boot_set", *OVERLAID}),
    "every time, and no content": (touch_all, set()),
    "a comment of release.toml": (release_toml("[release]", "[release]  # the next one"), set()),
    "a remark in a key file": (
        lambda project: project.edit(project.release.keys[0].file, "BLOCK-----\n", "BLOCK-----\nComment: ours\n"),
        {"packages", "tree", "medium_keys", "iso"},
    ),
    "keys in another order": (other_order, {"packages", "medium_keys"}),
    # early cut-off: what is made again comes out as it was
    "a version that is rendered anyway": (content("isolinux/isolinux.cfg", "10.0", "10.7"), {"isolinux"}),
    "a version of comps that is rendered anyway": (content("Packages/base/comps.xml", "10.0", "10.7"), {"comps"}),
    "an alias that no text has": (
        release_toml('aliases = ["SME Server"]', 'aliases = ["SME Server", "SMES"]'),
        {"isolinux", "grub", "product_img", "comps", "check_versions"},
    ),
    "packages that may come twice and do not": (
        release_toml('multilib = ["glibc"', 'multilib = ["zsh", "glibc"'), {"packages"}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A change, what `doit why` said of it, the next run, and the one after it."""

    reached: set[str]
    why: Outcome
    run: Outcome
    again: Outcome


@pytest.fixture(scope="module", params=CHANGES)
def change(request: pytest.FixtureRequest, warm: Warm) -> Change:
    project = warm.restored()
    make, reached = CHANGES[request.param]
    make(project)
    return Change(reached, project.doit("why", "iso"), project.build(), project.build())


def test_a_change_runs_only_what_it_reaches(change: Change) -> None:
    assert change.run.ran == change.reached


def test_after_a_change_one_run_is_enough(change: Change) -> None:
    assert change.again.ran == set()


def test_why_gives_the_reasons_that_the_run_then_gives(change: Change) -> None:
    foretold = {task: "; ".join(reasons) for task, reasons in explained(change.why.out).items()}
    assert {task: change.run.because[task][: len(reasons)] for task, reasons in foretold.items()} == foretold


def test_the_label_of_yesterday_is_still_built(built: Project) -> None:
    package = label(built, "rc3")
    built.build()
    package.unlink()
    built.relabel(label="rc2")
    assert built.build().ran == {"stage_link"}


def test_a_new_label_opens_no_package_again(project: Project) -> None:
    project.build()
    label(project, "rc3")
    outcome = project.doit("treeinfo")
    assert (outcome.code, outcome.ran) == (0, {*CHOSEN, *IMAGES, "tree"} - {*CHECKS, *TEXTS})
    logs = [file.read_text(encoding="utf-8") for file in (project.release.stage / "logs").iterdir()]
    opened = re.findall(r"(reading packages|parsing packages|hashing files): (\d+)", "".join(logs))
    assert ("reading packages", "1") in opened  # the one that carries the label
    assert [count for what, count in opened if what != "hashing files"] == ["1", "1"]
    assert max(int(count) for _, count in opened) < 20  # images; the packages had been linked into the tree of rc2


def test_a_package_whose_key_is_no_longer_trusted_stops_the_build(built: Project) -> None:
    file = built.home / "release.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"\[\[keys]]\nfile = .*centos\"\nfingerprint = .*\n", "", text), encoding="utf-8")
    outcome = built.doit()
    assert (outcome.code != 0, "which release.toml does not trust" in outcome.said) == (True, True)


# What somebody did to what was made


MADE = {  # task -> something that it made, below stage/
    "packages": "10.*/.smedoit/packages.lock",
    "stage_packages": "10.*/x86_64/Packages/zlib-*.rpm",
    "tree": "10.*/x86_64/README.txt",
    "isolinux": "10.*/x86_64/isolinux/isolinux.cfg",
    "grub": "10.*/x86_64/images/efiboot.img",
    "product_img": "10.*/x86_64/images/product.img",
    "updates_img": "10.*/x86_64/images/updates.img",
    "comps": "10.*/x86_64/Packages/base/comps.xml",
    "repodata": "10.*/x86_64/repodata/repomd.xml",
    "treeinfo": "10.*/x86_64/.treeinfo",
    "iso": "iso/*/*/*.iso",
}
ALSO_MADE = [
    ("tree", "10.*/x86_64/LiveOS/squashfs.img"),
    ("tree", "10.*/x86_64/RPM-GPG-KEY-practice-centos"),
    ("isolinux", "10.*/x86_64/isolinux/boot.msg"),
    ("grub", "10.*/x86_64/EFI/BOOT/grub.cfg"),
    ("repodata", "10.*/x86_64/repodata/*-primary.xml.gz"),
    ("repodata", "10.*/x86_64/repodata/*-comps.xml"),
    ("treeinfo", "10.*/x86_64/.discinfo"),
    ("treeinfo", "10.*/x86_64/media.repo"),
    ("iso", "iso/*/*/*.iso.sha256"),
    ("iso", "10.*/.smedoit/layout/*.json"),
]
FLIP = 0xFF


def deleted(file: Path) -> None:
    file.unlink()


def truncated(file: Path) -> None:
    put(file, file.read_bytes()[: file.stat().st_size // 2])


def damaged(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= FLIP
    put(file, bytes(data))


def edited(file: Path) -> None:
    put(file, file.read_bytes() + b"# edited by hand\n")


def exchanged(file: Path) -> None:
    """Put another file in its place that has the same size and time, as cp -a and rsync -a do."""
    before, data = file.stat(), bytearray(file.read_bytes())
    data[len(data) // 2] ^= FLIP
    write_file(file, bytes(data))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def put(file: Path, data: bytes) -> None:
    """Change a file in place, unless that would change the one that it is a link to."""
    if file.stat().st_nlink == 1:
        file.write_bytes(data)
    else:
        write_file(file, data)


KINDS = deleted, truncated, damaged, edited, exchanged
Deed = tuple[str, str, Callable[[Path], None]]
TOGETHER: list[list[Deed]] = [  # one for each task at once: none of them is a reason for another one to run
    *[[(task, made, kind) for task, made in MADE.items()] for kind in KINDS],
    *[[(*ALSO_MADE[number], truncated) for number in numbers] for numbers in ((0, 2, 3, 4, 6, 8), (1, 5, 7, 9))],
]
ALONE: list[list[Deed]] = [[deed] for deeds in TOGETHER for deed in deeds]
DAMAGES = [
    *(pytest.param(deeds, id=f"{deeds[0][2].__name__}-{number}") for number, deeds in enumerate(TOGETHER)),
    *(
        pytest.param([deed], id=f"{deed[2].__name__}-{Path(deed[1]).name}", marks=pytest.mark.exhaustive)
        for [deed] in ALONE
    ),
]


@dataclass(frozen=True)
class Damage:
    """Files that somebody laid hands on, and the next run.

    left  file -> what was in it when the run came, None if nothing was
    """

    deeds: Mapping[Path, Deed]
    left: Mapping[Path, bytes | None]
    outcome: Outcome
    before: Mapping[str, str]
    after: Mapping[str, str]


@pytest.fixture(scope="module", params=DAMAGES)
def damage(request: pytest.FixtureRequest, warm: Warm) -> Damage:
    project = warm.restored()
    before = project.artifacts()
    deeds: dict[Path, Deed] = {}
    for deed in request.param:
        [file] = (project.home / "build/stage").glob(deed[1])
        deeds[file] = deed
    for file, (_, _, kind) in deeds.items():
        kind(file)
    left = {file: file.read_bytes() if file.exists() else None for file in deeds}
    outcome = project.doit()
    return Damage(deeds, left, outcome, before, project.artifacts())


def test_what_was_made_and_damaged_is_made_again_by_its_own_task_alone(damage: Damage) -> None:
    assert damage.outcome.code == 0, damage.outcome.said
    assert damage.outcome.ran == {task for task, _, _ in damage.deeds.values()}


def test_after_a_damage_tree_and_medium_are_as_before(damage: Damage) -> None:
    assert damage.after == damage.before


def test_the_reason_names_what_was_damaged(damage: Damage) -> None:
    for file, (task, _, kind) in damage.deeds.items():
        assert damage.outcome.because[task] == f"{file} {'was deleted' if kind is deleted else EDITED}"


def test_what_somebody_changed_is_kept_where_the_output_says(damage: Damage) -> None:
    kept = re.findall(r"your version of .* is kept as (.+)", damage.outcome.out)
    small = [data for data in damage.left.values() if data is not None and len(data) <= 1 << 20]
    assert sorted(Path(one).read_bytes() for one in kept) == sorted(small)


def test_two_files_of_one_name_are_both_kept(built: Project) -> None:
    write_file(built.release.content.path / "notes/README.txt", "more\n")
    built.build()
    mine = {built.tree / "README.txt": b"one", built.tree / "notes/README.txt": b"other"}
    for file, data in mine.items():
        file.write_bytes(data)
    kept = re.findall(r"your version of .* is kept as (.+)", built.build().out)
    assert {Path(one).read_bytes() for one in kept} == set(mine.values())


STRAYS = (
    "Packages/zsh-5.0.2-34.el7.x86_64.rpm",
    "Packages/README",
    "Packages/base/comps.xml.orig",
    "Packages/TRANS.TBL",
    "repodata/0123-primary.xml.gz",
    "repodata/repomd.xml.asc",
    "images/updates.img.old",
    "isolinux/boot.cat",
    "isolinux/TRANS.TBL",
    "product/.buildstamp",
    "netinstall/isolinux/isolinux.cfg",
    ".treeinfo.old",
    "notes/to-myself",
)


@pytest.mark.parametrize(
    "strays",
    [
        pytest.param(STRAYS, id="all at once"),
        *(pytest.param((stray,), id=stray, marks=pytest.mark.exhaustive) for stray in STRAYS),
    ],
)
def test_what_does_not_belong_in_the_tree_is_removed(built: Project, strays: tuple[str, ...]) -> None:
    before = built.artifacts()
    for stray in strays:
        write_file(built.tree / stray, "somebody's")
    built.build()
    assert built.artifacts() == before


@pytest.mark.parametrize(
    "gone", ["build/stage", "build/stage/.smedoit", "build/stage/10.1.rc2/.smedoit", "build/stage/iso"]
)
def test_a_directory_may_be_deleted_at_any_time(built: Project, gone: str) -> None:
    before = built.artifacts()
    shutil.rmtree(built.home / gone)
    built.build()
    assert built.artifacts() == before


# Why, and what would run


WAITS = re.compile(r"(\w+) (?:runs first|may run first)")


def explained(why: str) -> dict[str, list[str]]:
    """Return task -> reasons, as `doit why iso` says them along the chain."""
    reasons: dict[str, list[str]] = {}
    chain = ["iso"]
    for line in why.splitlines()[1:]:
        words = line.lstrip("│├└─ ")
        depth = (len(line) - len(words)) // 3
        if found := WAITS.fullmatch(words):
            chain[depth:] = [found.group(1)]
        else:
            reasons.setdefault(chain[depth - 1], []).append(words)
    return reasons


def test_why_names_the_changed_file_along_the_chain(built: Project) -> None:
    notes = built.release.content.path / "README.txt"
    built.edit(notes, "release notes", "notes")
    assert explained(built.doit("why", "iso").out) == {"tree": [f"{notes} changed"]}


def test_why_names_both_values_of_a_changed_key(built: Project) -> None:
    built.edit(built.home / "release.toml", '"locale"', '"updates"')
    words = "release.toml [translations] place changed from locale to updates"
    assert explained(built.doit("why").out) == {"updates_img": [words]}


def test_why_of_one_task_leaves_the_others_out(built: Project) -> None:
    built.edit(built.release.content.path / "README.txt", "release notes", "notes")
    assert built.doit("why", "grub").out == "grub is up to date: nothing that it depends on has changed\n"


@pytest.mark.parametrize("command", ["why", "list"])
def test_asking_builds_nothing_and_writes_nothing(built: Project, command: str) -> None:
    CHANGES["an RPM that wins"][0](built)
    before = everything(built)
    built.doit(command)
    assert everything(built) == before


def everything(project: Project) -> dict[Path, FileStamp]:
    return {file: stamp_file(file) for file in project.home.rglob("*")}


def test_list_tells_what_runs_what_waits_and_what_is_done(built: Project) -> None:
    built.edit(built.release.content.path / "README.txt", "release notes", "notes")
    lines = [line.split() for line in built.doit("list").out.splitlines()]
    status = {words[1]: words[0] for words in lines if len(words) > 2 and words[1] in EVERY}
    waiting = dict.fromkeys({*OVERLAID, "check_boot_set", "medium_keys"}, "wait")
    assert status == {**dict.fromkeys(EVERY, "ok"), "tree": "run", **waiting}


# One run at a time


@pytest.fixture
def held(built: Project, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in the midst of the ISO, which goes on for ever."""
    built.iso.unlink()
    with built.hold(tmp_path / "held") as run:
        yield run


def test_a_second_run_is_refused_and_told_who_is_at_work(built: Project, held: subprocess.Popen[str]) -> None:
    outcome = built.doit()
    assert (outcome.code != 0, f"another run is under way: process {held.pid} " in outcome.err) == (True, True)


def test_a_second_run_is_refused_in_words(built: Project, held: subprocess.Popen[str]) -> None:
    assert held.poll() is None
    outcome = built.doit()
    assert "Traceback" not in outcome.out + outcome.err


def test_a_second_run_is_refused_for_another_label_too(built: Project, held: subprocess.Popen[str]) -> None:
    built.relabel(label="rc3")
    outcome = built.doit()
    assert (outcome.code != 0, f"process {held.pid}" in outcome.err) == (True, True)


def test_a_refused_run_disturbs_nothing(built: Project, held: subprocess.Popen[str]) -> None:
    before = everything(built)
    built.doit()
    assert (everything(built), held.poll()) == (before, None)


def test_questions_are_answered_while_a_run_is_under_way(built: Project, held: subprocess.Popen[str]) -> None:
    assert (built.doit("why").code, held.poll()) == (0, None)


def test_the_way_is_free_when_the_first_run_was_killed(built: Project, held: subprocess.Popen[str]) -> None:
    held.kill()
    held.wait()
    assert built.build().ran == {"iso"}
