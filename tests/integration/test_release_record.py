# SPDX-License-Identifier: GPL-3.0-or-later
"""One release record: a bump changes exactly what shows the release, and the installer decision follows the graph."""

from __future__ import annotations

import gzip
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from smedoit.config.notes import NotesSettings
from smedoit.installer import cpio
from smedoit.release import notes
from smedoit.runtime import files
from smedoit.tree import layers
from tests.harness import servers
from tests.harness.nouns import evr
from tests.harness.project import Project
from tests.harness.tools import need

SHOWS_THE_RELEASE = {
    ".discinfo",
    ".treeinfo",
    "EFI/BOOT/grub.cfg",
    "Packages/base/comps.xml",
    "images/efiboot.img",
    "images/product.img",
    "isolinux/boot.msg",
    "isolinux/help.txt",
    "isolinux/isolinux.cfg",
    "media.repo",
}
FOLLOWS = re.compile(r"^(repodata/.*|Packages/smeserver-release-.*\.rpm)$")


def tree_files(project: Project) -> dict[str, bytes]:
    tree = project.tree
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def write_notes(project: Project) -> None:
    """Let the release notes be of this release."""
    readme = project.release.content.path / "README.txt"
    files.write_file(readme, f"Koozali SME Server {project.release.release.title}\n\nSince 10.0 it is better.\n")


def released(project: Project, **changes: str) -> dict[str, bytes]:
    """The tree of another release of the same world, with the package that carries its version."""
    project.relabel(**changes)
    if project.release.release.is_final:
        write_notes(project)
    outcome = project.doit("sample", "iso")
    assert outcome.code == 0, outcome.said
    return tree_files(project)


def test_from_one_version_to_the_next_only_what_shows_the_release_changes(project: Project) -> None:
    before = released(project, version="10.1", label="rc2")
    after = released(project, version="10.1", label="rc3")
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name) and not FOLLOWS.match(name)}
    assert changed == SHOWS_THE_RELEASE


def test_a_final_release_seals_and_nothing_names_another(project: Project) -> None:
    released(project, version="10.1", label="rc2")
    after = released(project, version="10.1", label="")
    assert "no stale versions" in (project.release.logs / "check_versions.log").read_text()
    [stamp] = [
        one for one in cpio.parse_overlay_image(after["images/product.img"], "product.img") if one.name == ".buildstamp"
    ]
    assert b"Version=10.1\n" in stamp.data and b"IsFinal=True" in stamp.data


def test_a_final_release_with_a_stale_version_is_refused_by_file_and_line(project: Project) -> None:
    released(project, version="10.1", label="")
    iso = project.iso.read_bytes()
    project.edit(project.release.content.path / "isolinux/help.txt", "\n", "\nas in SME Server 10.0 it was\n")
    (project.release.content.path / "EULA.txt").write_text("Since 10.0 RC1 this holds.\n")
    outcome = project.doit()
    assert outcome.code != 0 and project.iso.read_bytes() == iso
    assert "EULA.txt, line 1" in outcome.said and "10.0 RC1" in outcome.said and "Traceback" not in outcome.said


def test_a_test_release_with_one_is_built_and_says_so(project: Project) -> None:
    write_notes(project)
    (project.release.content.path / "EULA.txt").write_text("Since 10.0 RC1 this holds.\n")
    outcome = project.build()
    assert "1 stale version, not " in outcome.said


def test_a_place_that_release_toml_allows_is_not_stale(project: Project) -> None:
    write_notes(project)
    (project.release.content.path / "EULA.txt").write_text("Since 10.0 RC1 this holds.\n")
    project.configure("allowed = {", 'allowed = { "EULA.txt" = "it is history",')
    project.build()
    assert "no stale versions" in (project.release.logs / "check_versions.log").read_text()


def test_the_package_that_carries_the_version_must_say_the_same(project: Project) -> None:
    project.relabel(label="rc9")
    outcome = project.doit()
    assert outcome.code != 0 and "smeserver-release" in outcome.said and "doit bump" in outcome.said


def test_the_link_to_the_version_is_made_and_made_again(project: Project) -> None:
    project.build()
    link = project.home / "build/stage/10"
    assert os.readlink(link) == "10.1.rc2"
    link.unlink()
    assert set(project.build().because) == {"stage_link"} and os.readlink(link) == "10.1.rc2"


def test_a_link_that_leads_elsewhere_is_reported_not_followed(project: Project) -> None:
    project.build()
    link = project.home / "build/stage/10"
    link.unlink()
    link.symlink_to("/nowhere/at/all")
    outcome = project.doit()
    assert outcome.code != 0 and "leads to /nowhere/at/all" in outcome.said
    assert os.readlink(link) == "/nowhere/at/all"


CHANGES = {
    "the release notes": ("README.txt", False),
    "a splash picture": ("isolinux/splash.png", True),
    "an install class": ("product/run/install/product/pyanaconda/installclasses/koozali.py", True),
    "a file of updates.img": ("updates/run/install/updates/anaconda-gtk.css", True),
    "the groups": ("Packages/base/comps.xml", True),
}


@pytest.mark.parametrize(("name", "rebuilds"), CHANGES.values(), ids=CHANGES)
def test_the_installer_is_built_again_when_content_other_than_the_notes_changed(
    project: Project, name: str, rebuilds: bool
) -> None:
    assert project.doit("installer").code == 0
    with (project.release.content.path / name).open("a") as file:
        file.write("\n")
    outcome = project.doit("why", "installer")
    assert ("installer would run" in outcome.said) is rebuilds
    assert (Path(name).name in outcome.said) is rebuilds


def test_a_changed_anaconda_source_calls_for_a_new_installer(project: Project) -> None:
    source = project.home / "build/src/rpms/anaconda/sme10"
    source.mkdir(parents=True, exist_ok=True)
    (source / "100-anaconda-koozali-product.patch").write_text("one\n")
    with (project.home / "release.toml").open("a") as file:
        file.write('\n[installer]\nsource = "src/rpms/anaconda/sme10"\n')
    assert project.doit("installer").code == 0
    (source / "100-anaconda-koozali-product.patch").write_text("two\n")
    assert "100-anaconda-koozali-product.patch changed" in project.doit("why", "installer").out


def test_bump_shows_a_diff_and_writes_only_when_asked(project: Project) -> None:
    spec = project.release.root / project.release.spec.path
    before = spec.read_text()
    shown = project.doit("bump", "--content")
    assert "+%define version 10.1" in shown.out and "+menu title" in shown.out
    assert spec.read_text() == before
    assert project.doit("bump", "--apply").code == 0
    assert "%define version 10.1" in spec.read_text()
    assert "nothing to change" in project.doit("bump").out


def test_content_that_was_written_back_renders_to_the_same_tree(project: Project) -> None:
    project.build()
    before = tree_files(project)
    assert project.doit("bump", "--content", "--apply").code == 0
    project.build()
    assert tree_files(project) == before


def test_the_names_of_old_hands_build_and_leave_the_logs_that_the_page_names(project: Project) -> None:
    outcome = project.doit("update_repos", "build_installer", "build_ISO")
    assert outcome.code == 0, outcome.said
    stage = project.home / "build/stage/10"
    assert "== packages\n" in (stage / "build_ISO.x86_64").read_text()
    assert (stage / "build_installer.x86_64").is_file() and (stage / "update_repos.x86_64").is_file()


def last_release(project: Project, kind: str) -> Path:
    """Keep this release in one of its forms, and make the next one differ from it in a package and in the installer."""
    project.build()
    rel = project.release
    old = {"lock": rel.lock, "tree": rel.tree, "iso": rel.iso}[kind]
    kept = project.home / f"last.{kind}"
    shutil.copytree(old, kept) if old.is_dir() else shutil.copyfile(old, kept)
    recipe = project.recipe("smeserver-yum", "smeos")
    newer = project.recipe("smeserver-yum", "smeos", version="99.0", changelog=recipe.changelog)
    project.put(newer, "smeupdates")
    (rel.content.path / "product/etc/motd").write_text("Hello\n")
    shutil.rmtree(rel.translations.path / "it")
    return kept


def notes_since(project: Project, previous: str) -> str:
    """Return README.txt of the notes against another last release, which can also be built on."""
    project.configure('previous_release = "releases/10.0/packages.lock"', f'previous_release = "{previous}"')
    outcome = project.doit("notes", "quality")
    assert outcome.code == 0, outcome.said
    return (project.release.stage / "notes/README.txt").read_text()


INSTALLER = """
The installer
-------------

  anaconda 21.48.22.159-1.el7.centos -> 21.48.22.159-2.el7.sme
    2021-02-16 Ada Practice
      - patch for product.img branding of anaconda
"""
OVERLAID = """  New files: etc/motd
  Languages that are gone: it
"""


@pytest.mark.parametrize("kind", ["lock", "tree", "iso"])
def test_notes_tell_what_changed_since_the_last_release_whatever_is_left_of_it(project: Project, kind: str) -> None:
    text = notes_since(project, str(last_release(project, kind)))
    assert "Changes since 10.0: 1 updated." in text and "-> 99.0-" in text
    assert INSTALLER + (OVERLAID if kind != "lock" else "") in text
    assert ("etc/motd" in text) == (kind != "lock")


def test_the_last_release_may_lie_in_a_directory_of_its_architecture(project: Project) -> None:
    kept = last_release(project, "tree")
    above = kept.with_name("10.0")
    above.mkdir()
    kept.rename(above / "x86_64")
    assert INSTALLER + OVERLAID in notes_since(project, str(above))
    [repomd] = above.glob("x86_64/repodata/repomd.xml")
    repomd.write_bytes(repomd.read_bytes() + b"\n")
    for task in ("notes", "quality"):
        assert "repomd.xml changed" in project.doit("why", task).out


def test_an_anaconda_among_the_packages_of_the_last_release_counts_before_what_release_toml_says() -> None:
    said = NotesSettings(anaconda="20-1")
    assert notes.previous_anaconda({"anaconda-core": evr("21-1")}, said) == evr("21-1")
    assert notes.previous_anaconda({}, said) == evr("20-1")
    assert notes.previous_anaconda({}, NotesSettings()) is None


def test_images_of_the_last_release_that_somebody_made_by_hand_are_compared_or_passed_over(project: Project) -> None:
    need("cpio")
    kept = last_release(project, "tree")
    product = kept / "images/product.img"
    by_hand = project.home / "by hand"
    for one in cpio.parse_overlay_image(product.read_bytes(), "product.img"):
        files.write_file(by_hand / one.name, one.data)
    listing = "\n".join(f"./{name}" for name in layers.list_tree_files(by_hand)).encode()
    archive = subprocess.run(["cpio", "-o", "-H", "newc"], cwd=by_hand, input=listing, capture_output=True, check=True)
    product.write_bytes(gzip.compress(archive.stdout))
    assert INSTALLER + OVERLAID in notes_since(project, str(kept))
    product.write_bytes(lzma.compress(archive.stdout))
    assert project.doit("notes").code == 0
    assert INSTALLER + OVERLAID in (project.release.stage / "notes/README.txt").read_text()
    product.write_bytes(b"made by hand, and badly")
    assert project.doit("notes").code == 0
    text = (project.release.stage / "notes/README.txt").read_text()
    assert INSTALLER in text and "New files" not in text


def test_the_last_release_may_lie_on_a_server_which_is_not_asked_again_offline(project: Project) -> None:
    kept = last_release(project, "tree")
    project.configure("# [network]", "[network]\ndelay = 0")
    with servers.scripted() as server:
        address = servers.publish(
            server, "/10.0/", {name: (kept / name).read_bytes() for name in layers.list_tree_files(kept)}
        )
        text = notes_since(project, address)
    assert "Changes since 10.0: 1 updated." in text
    assert INSTALLER + OVERLAID in text
    assert project.doit("offline=1", "iso", "notes").code == 0


def test_notes_are_written_again_when_the_last_release_or_the_changelog_of_anaconda_changed(project: Project) -> None:
    kept = last_release(project, "lock")
    notes_since(project, str(kept))
    assert "up to date" in project.doit("why", "notes").out
    project.edit(Path(project.release.anaconda.source) / "anaconda.spec", "branding of", "words of")
    assert "anaconda.spec changed" in project.doit("why", "notes").out
    project.doit("notes")
    shutil.copyfile(project.release.lock, kept)
    assert f"{kept.name} changed" in project.doit("why", "notes").out


def test_an_option_is_done_even_where_the_task_is_up_to_date(project: Project) -> None:
    project.build()
    assert project.doit("notes").code == 0
    outcome = project.doit("notes", "--content")
    assert "you asked for it with --content" in outcome.said
    assert "Changes since 10.0" in (project.release.content.path / "README.txt").read_text()
    assert "up to date" in project.doit("why", "notes").out
