# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole release through real runs of doit, every medium of it in the hands of programs that nobody here wrote."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from smedoit.jigdo import format, template
from smedoit.jigdo.format import FileRegion
from smedoit.publish.announcement import OSINFO
from smedoit.sample import catalogue, packages
from tests.harness.project import Project, flipped
from tests.harness.tools import need, read_with

VERSION = "10.1.rc2"
STEM = f"smeserver-{VERSION}"
DISC = (1 << 20) + 200_000  # bytes that hold all practice sources, if none is enlarged
ISOS = (f"x86_64/{STEM}-x86_64.iso", f"x86_64/{STEM}-x86_64-netinstall.iso", f"source/{STEM}-SRPMS.iso")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(place: Path) -> Iterator[str]:
    """Serve a directory on loopback; yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(place)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    place = tmp_path_factory.mktemp("www")
    with serving(place) as url:
        yield place, url


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, mirror: tuple[Path, str]) -> Project:
    """A release as doit makes it, and as mirrors will have it."""
    trial = Project.new(tmp_path_factory.mktemp("release"))
    trial.configure('"https://mirror.example.invalid/releases/{place}"', f'"{mirror[1]}/{{full}}"')
    answer = trial.doit("sample", "release")
    assert answer.code == 0, answer.said
    place = mirror[0] / VERSION
    place.mkdir()
    (place / "smeos").symlink_to(trial.release.stage)
    (place / "iso").symlink_to(trial.release.isos)
    return trial


@pytest.fixture(params=ISOS)
def image(built: Project, request: pytest.FixtureRequest) -> Path:
    return built.release.isos / str(request.param)


def beside(image: Path) -> tuple[Path, Path]:
    """Return the .jigdo and the .template of an ISO."""
    return image.with_suffix(".jigdo"), image.with_suffix(".template")


def artifacts(trial: Project) -> dict[str, bytes]:
    """Return everything that users download, by its path."""
    isos = trial.release.isos
    return {str(path.relative_to(isos)): path.read_bytes() for path in sorted(isos.rglob("*")) if path.is_file()}


def test_every_medium_has_its_checksum_jigdo_and_template(built: Project) -> None:
    found = artifacts(built)
    for name in ISOS:
        stem = name.removesuffix(".iso")
        assert {f"{stem}.iso", f"{stem}.iso.sha256", f"{stem}.jigdo", f"{stem}.template"} <= set(found)


def test_the_run_ends_with_every_medium_its_size_and_its_sha256(built: Project) -> None:
    last = built.doit("release").said.splitlines()[-len(ISOS) :]
    for line, name in zip(last, sorted(ISOS), strict=True):
        assert re.fullmatch(rf".*/{re.escape(name)}  \d+ bytes \([\d.]+ MiB\)  sha256 [0-9a-f]{{64}}", line)


def test_sha256sum_accepts_every_medium(image: Path) -> None:
    need("sha256sum")
    done = subprocess.run(
        ["sha256sum", "-c", f"{image.name}.sha256"], cwd=image.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_checkisomd5_accepts_every_medium(image: Path) -> None:
    need("checkisomd5")
    read_with("checkisomd5", image)


def test_xorriso_and_isoinfo_read_the_same_names(image: Path) -> None:
    need("xorriso", "isoinfo")
    ours = {line.strip("'") for line in read_with("xorriso", "-indev", image, "-find", "/", "-type", "f").splitlines()}
    theirs = set(read_with("isoinfo", "-i", image, "-R", "-f").splitlines())
    assert ours
    assert ours <= theirs  # which lists directories, too


@pytest.mark.exhaustive
@pytest.mark.parametrize("where", ["tree", *ISOS[:2]])
def test_virt_install_finds_kernel_and_initrd(
    built: Project, mirror: tuple[Path, str], where: str, tmp_path: Path
) -> None:
    need("virt-install", "xorriso", "isoinfo")
    location = f"{mirror[1]}/{VERSION}/smeos/x86_64/" if where == "tree" else str(built.release.isos / where)
    said = subprocess.run(
        [
            "virt-install", "--name=it", "--memory=2048", "--disk=none", "--connect=test:///default", "--print-xml",
            "--dry-run", f"--osinfo={OSINFO}", f"--location={location}",
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "<kernel>" in said.stdout
    assert "<initrd>" in said.stdout
    assert where != "tree" or f"<cmdline>inst.repo={location}</cmdline>" in said.stdout


def test_jigdo_file_makes_the_iso_from_the_tree(built: Project, image: Path, tmp_path: Path) -> None:
    need("jigdo-file")
    listing, pieces = beside(image)
    options = "-i", tmp_path / "made.iso", "-j", listing, "-t", pieces, "--report=quiet"
    read_with("jigdo-file", "make-image", *options, built.release.tree, built.release.srpms)
    assert (tmp_path / "made.iso").read_bytes() == image.read_bytes()


def test_jigdo_file_verifies_the_iso(image: Path) -> None:
    need("jigdo-file")
    listing, pieces = beside(image)
    read_with("jigdo-file", "verify", "-i", image, "-j", listing, "-t", pieces)


def test_jigit_makes_the_iso_from_the_tree(built: Project, image: Path, tmp_path: Path) -> None:
    need("jigit-mkimage")
    listing, pieces = beside(image)
    smeos = f"{format.LABEL}={built.release.stage}"
    read_with("jigit-mkimage", "-j", listing, "-t", pieces, "-m", smeos, "-o", tmp_path / "made.iso")
    assert (tmp_path / "made.iso").read_bytes() == image.read_bytes()


def test_jigdo_lite_makes_the_iso_over_http(
    built: Project, image: Path, mirror: tuple[Path, str], tmp_path: Path
) -> None:
    need("jigdo-lite", "wget")
    url = f"{mirror[1]}/{VERSION}/iso/{beside(image)[0].relative_to(built.release.isos)}"
    environment = {**os.environ, "HOME": str(tmp_path), "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        ["jigdo-lite", "--noask", url], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (tmp_path / image.name).is_file(), done.stdout + done.stderr
    assert (tmp_path / image.name).read_bytes() == image.read_bytes()


def test_jigdo_file_searching_the_iso_finds_the_sums_that_we_knew(built: Project, tmp_path: Path) -> None:
    need("jigdo-file")
    image = built.release.iso
    target = tmp_path / "found.template"
    options = "-i", image, "-j", tmp_path / "found.jigdo", "-t", target, "--report=quiet", "--no-cache"
    read_with("jigdo-file", "make-template", *options, built.release.tree)
    listing, pieces = beside(image)
    names = format.parse_jigdo(listing.read_text()).parts
    packages = {one for one in parts_of(pieces) if names[one.md5].endswith(".rpm")}  # efiboot.img has files within
    assert len(packages) > 50
    assert packages <= set(parts_of(target))


def parts_of(path: Path) -> list[FileRegion]:
    """Return every part of a template."""
    return [one for one in template.read_template(path).regions if isinstance(one, FileRegion)]


def test_jigdump_reads_the_template_to_its_end(image: Path) -> None:
    need("jigdump")
    said = read_with("jigdump", beside(image)[1])
    assert "Format version: 1.1\n" in said
    assert f"Original image length {image.stat().st_size} bytes\n" in said


def test_dnf_lists_every_source_package(built: Project, tmp_path: Path) -> None:
    need("dnf", "xorriso")
    image = built.release.source_iso
    read_with("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/SRPMS", tmp_path / "SRPMS")
    repository = f"--repofrompath=sources,file://{tmp_path}/SRPMS"
    options = ("--repo=sources", "--quiet", "--disableplugin=*", f"--setopt=cachedir={tmp_path}/cache")
    said = read_with(
        "dnf", repository, *options, "repoquery", "--arch=src", "--qf=%{name}-%{version}-%{release}.src.rpm"
    )
    assert sorted(said.split()) == sorted(path.name for path in (tmp_path / "SRPMS").glob("*.rpm"))


def test_the_source_packages_on_the_medium_are_the_tiers_own(built: Project) -> None:
    tiers = {path.stat().st_ino for tier in built.release.tiers for path in tier.path.rglob("*.src.rpm")}
    staged = list(built.release.srpms.glob("*.src.rpm"))
    assert staged
    assert {path.stat().st_ino for path in staged} <= tiers


def test_the_network_medium_is_boot_iso_of_the_tree(built: Project) -> None:
    assert (built.release.tree / "images/boot.iso").samefile(built.release.netinstall_iso)


def test_the_network_medium_carries_no_repository(built: Project) -> None:
    need("xorriso")
    names = read_with("xorriso", "-indev", built.release.netinstall_iso, "-find", "/", "-type", "f").replace("'", "")
    assert "/images/product.img\n" in names
    assert "/images/updates.img\n" in names
    for unwanted in ("Packages", "repodata", ".discinfo", "media.repo"):
        assert unwanted not in names
    assert "/.treeinfo\n" in names  # of its boot files alone: lorax writes none, and virt-install then finds nothing


def test_the_installation_iso_is_the_one_that_doit_iso_makes(built: Project) -> None:
    assert "nothing to do" in built.doit("iso").said


def test_verify_covers_all_media(built: Project) -> None:
    answer = built.doit("verify")
    assert answer.code == 0, answer.said
    for name in ISOS:
        assert answer.said.count(f"{Path(name).name}: ") == 2  # by its files, and by its jigdo


def test_a_release_with_nothing_to_do_writes_nothing(built: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.release.isos.rglob("*")}
    assert built.doit("release").code == 0
    assert {path: path.stat().st_mtime_ns for path in built.release.isos.rglob("*")} == before


def test_another_place_and_another_time_give_the_same_bytes(built: Project, tmp_path: Path) -> None:
    other = Project.new(tmp_path / "elsewhere, deeper")
    url = built.release.release_urls.urls[0]
    other.configure('"https://mirror.example.invalid/releases/{place}"', f'"{url}"')
    assert other.doit("sample").code == 0
    answer = other.doit("-n", "2", "release")
    assert answer.code == 0, answer.said
    ours, theirs = artifacts(built), artifacts(other)
    assert set(ours) == set(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.fixture
def copy(built: Project, tmp_path: Path) -> Project:
    return built.copy(tmp_path / "copy")


def test_a_changed_url_changes_the_network_medium_and_no_other(copy: Project) -> None:
    before = artifacts(copy)
    tree_url = '[netinstall]\nurl = "http://install.example/{major}"\n'
    copy.file.write_text(f"{copy.file.read_text()}\n{tree_url}")
    assert copy.doit("release").code == 0
    suffixes = (".iso", ".sha256", ".jigdo", ".template")  # checksum files and manifests speak of all media
    changed = {name for name, data in artifacts(copy).items() if name.endswith(suffixes) and before.get(name) != data}
    stem = ISOS[1].removesuffix(".iso")
    assert changed == {f"{stem}.iso", f"{stem}.iso.sha256", f"{stem}.jigdo", f"{stem}.template"}
    assert b"inst.repo=http://install.example/10 " in copy.release.netinstall_iso.read_bytes()


def enlarge_sources(project: Project, count: int) -> None:
    """Make some of the source packages so large that no disc holds two of them."""
    chosen = {path.name for path in project.release.srpms.glob("*.rpm")}
    tiers = {path.name: path for tier in project.release.tiers for path in tier.path.rglob("*.src.rpm")}
    recipes = catalogue.practice_recipes("smeos", project.release.release)
    for recipe in [one for one in recipes if one.is_source and one.file_name in chosen][:count]:
        path = tiers[recipe.file_name]
        path.unlink()
        packages.write_rpm(replace(recipe, size=DISC // 3), path.parent)


def test_a_size_limit_splits_the_sources_and_removing_it_joins_them(copy: Project) -> None:
    need("checkisomd5", "jigit-mkimage")
    enlarge_sources(copy, 3)
    assert copy.doit("release").code == 0
    single = artifacts(copy)
    text = copy.file.read_text()
    copy.file.write_text(f"{text}\n[sources]\ndisc_size = {DISC}\n")
    answer = copy.doit("release", "verify")
    assert answer.code == 0, answer.said
    place = copy.release.source_iso.parent
    discs = sorted(place.glob("*.iso"))
    assert [path.name for path in discs] == [f"{STEM}-SRPMS-disc{n}.iso" for n in (1, 2, 3)]
    for disc in discs:
        assert disc.stat().st_size <= DISC
        read_with("checkisomd5", disc)
        made = place.parent / "made.iso"
        smeos = f"{format.LABEL}={copy.release.stage}"
        read_with("jigit-mkimage", "-j", beside(disc)[0], "-t", beside(disc)[1], "-m", smeos, "-o", made)
        assert made.read_bytes() == disc.read_bytes()
        made.unlink()
    copy.file.write_text(text)
    assert copy.doit("release").code == 0
    assert artifacts(copy) == single


def test_a_source_package_that_is_missing_is_named_with_all_others(copy: Project) -> None:
    gone = sorted(path for tier in copy.release.tiers for path in tier.path.rglob("*.src.rpm"))
    chosen = {name.name for name in copy.release.srpms.glob("*.rpm")}
    for path in gone:
        if path.name in sorted(chosen)[:2]:
            path.unlink()
    answer = copy.doit("source_iso")
    assert answer.code
    assert "2 source packages of the medium are in no tier" in answer.said
    for name in sorted(chosen)[:2]:
        assert name in answer.said
    assert "[sources] allow_missing" in answer.said


def test_an_empty_list_of_mirrors_is_a_sentence(copy: Project) -> None:
    copy.file.write_text(re.sub(r"(?m)^urls = .*$", "urls = []", copy.file.read_text()))
    for task in ("jigdo", "netinstall"):
        answer = copy.doit(task)
        assert answer.code
        assert "[release_urls] names no URL" in answer.said
        assert "Traceback" not in answer.said
    assert copy.doit("iso").code == 0


def test_a_disc_smaller_than_one_file_is_a_sentence_with_its_name(copy: Project) -> None:
    copy.file.write_text(f"{copy.file.read_text()}\n[sources]\ndisc_size = 527136\n")
    answer = copy.doit("source_iso")
    assert answer.code
    assert "too large" in answer.said
    assert ".src.rpm" in answer.said
    assert copy.release.source_iso.is_file()


def test_an_iso_that_was_changed_after_sealing_is_found_and_made_again(copy: Project) -> None:
    before = artifacts(copy)
    copy.rewrite(copy.release.netinstall_iso, flipped(-700_000))
    answer = copy.doit("verify")
    assert answer.code
    assert f"{copy.release.netinstall_iso.name}" in answer.said
    assert "does not hold its SHA-256" in answer.said
    assert "does not belong to it" in answer.said
    assert copy.doit("release").code == 0
    assert artifacts(copy) == before


def test_a_template_of_another_iso_is_found_and_made_again(copy: Project) -> None:
    before = artifacts(copy)
    pieces = beside(copy.release.iso)[1]
    pieces.write_bytes(beside(copy.release.source_iso)[1].read_bytes())
    answer = copy.doit("verify")
    assert answer.code
    assert f"{pieces.name} does not belong to it" in answer.said
    assert f"{pieces.name} is not the template that its .jigdo names" in answer.said
    assert copy.doit("release").code == 0
    assert artifacts(copy) == before
