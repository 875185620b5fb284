# SPDX-License-Identifier: GPL-3.0-or-later
"""test_mock"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES, USUAL
from smedoit.config.installer import InstallerSettings, MockSettings, NfsMount
from smedoit.errors import ContentError, FileError, SmeError
from smedoit.installer import lorax
from smedoit.installer.lorax import build_installer_images, init_mock_chroot, lorax_images, remove_mock_chroot
from smedoit.installer.mock import MockChroot, find_log_error, lorax_command, mock_config
from smedoit.runtime.files import recover_directory
from tests.harness.kills import doors, killed_at
from tests.harness.nouns import identity

STAND_IN = """\
#!{python}
import os, subprocess, sys

config_opts = {{"plugin_conf": {{"bind_mount_opts": {{"dirs": []}}, "mount_opts": {{"dirs": []}}}}}}
words = sys.argv[1:]
exec(open(words[words.index("-r") + 1]).read())
print("Start:", *words[2:], file=sys.stderr)
if "--chroot" in words:
    inner = words[words.index("--") + 1 :]
    for host, place in config_opts["plugin_conf"]["bind_mount_opts"]["dirs"]:
        inner = [word.replace(place, host) for word in inner]
    who = "releases" if "--unpriv" in words else "root"
    sys.exit(subprocess.call(inner, env={{**os.environ, "PATH": {here!r} + ":" + os.environ["PATH"], "WHO": who}}))
"""
LORAX_IMAGES = lorax_images(USUAL)
LORAX = """\
#!{python}
import os, pathlib, sys

if os.environ["WHO"] != "root":
    sys.exit("no root privileges")
place = pathlib.Path(sys.argv[-1])
if place.exists():
    sys.exit("output directory should not exist.")
for name in {made!r}:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(name)
sys.stderr.write({words!r})
sys.exit({code})
"""


MOCKS_OWN = """\
Start: installing minimal buildroot with dnf
ERROR: Command failed:
 # /usr/bin/dnf-3 --installroot /var/lib/mock/smeserver-10-x86_64-iso/root/ -y install lorax nosuchpackage
Unable to detect release version (use '--releasever' to specify release version)
No matches found for the following disable plugin patterns: spacewalk
No match for argument: nosuchpackage
Error: Unable to find a match: nosuchpackage
"""  # mock 6's, with dnf 4


def program(path: Path, text: str, **values: object) -> Path:
    """A stand-in: mock needs a machine of the Red Hat family, lorax an EL 7 chroot."""
    path.write_text(text.format(python=sys.executable, here=str(path.parent), **values))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def executed(text: str) -> dict[str, Any]:
    """What mock would have after it executed a configuration, as mock does."""
    config_opts: dict[str, Any] = {
        "plugin_conf": {"bind_mount_opts": {"dirs": []}, "mount_opts": {"dirs": []}},
    }
    exec(text, {"config_opts": config_opts})
    return config_opts


def configured(settings: MockSettings, root: Path = Path("/srv/o'brien")) -> dict[str, Any]:
    tiers = {"smeos": root / "repo/smeos/x86_64", "smeextras": root / "repo/smeextras/x86_64"}
    return executed(mock_config("smeserver-10-x86_64-iso", "x86_64", settings, root, tiers))


@pytest.fixture
def world(tmp_path: Path) -> MockChroot:
    mock = program(tmp_path / "mock", STAND_IN)
    program(tmp_path / "lorax", LORAX, made=LORAX_IMAGES, words="", code=0)
    root = tmp_path / "world"
    settings = MockSettings(command=(str(mock),), place="/build/smeserver")
    return MockChroot(
        "practice", root / "practice.cfg", settings, root, {"smeos": root / "repo/smeos"}, root / "logs/mock.log"
    )


def built(world: MockChroot) -> Path:
    init_mock_chroot(world, "x86_64")
    boot_set = world.build_root / "boot_set"
    build_installer_images(world, identity(), InstallerSettings("lorax"), world.build_root / "state/lorax", boot_set)
    return boot_set


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_lorax_makes_stage_2_where_its_base_has_it(base: Base) -> None:
    assert base.stage2 in lorax_images(base)
    words = lorax_command(identity(base=base.name), "/build/out", [], ["--mine"])
    assert words[-2 - len(base.lorax_options) :] == [*base.lorax_options, "--mine", "/build/out"]


def test_the_chroot_runs_as_whoever_calls_it() -> None:
    assert configured(MockSettings())["chrootuid"] == os.getuid()


def test_the_build_root_is_bound_in_whatever_its_name() -> None:
    assert configured(MockSettings())["plugin_conf"]["bind_mount_opts"]["dirs"] == [
        ("/srv/o'brien", "/build/smeserver")
    ]


def test_on_the_cluster_it_is_mounted_over_nfs_instead() -> None:
    plugins = configured(MockSettings(nfs=(NfsMount("storage:/export/build", "/build"),)))["plugin_conf"]
    mounts = [("storage:/export/build", "/build", "nfs", "defaults,noatime,nodiratime,nosuid")]
    assert (plugins["mount_opts"]["dirs"], plugins["bind_mount_opts"]["dirs"]) == (mounts, [])


def test_it_installs_from_our_tiers_and_nothing_else() -> None:
    text = configured(MockSettings())["dnf.conf"]
    assert [line for line in text.splitlines() if line.startswith("[")] == ["[main]", "[smeos]", "[smeextras]"]
    assert "reposdir=/dev/null" in text


def test_the_same_settings_give_the_same_text() -> None:
    one, other = (mock_config("x", "x86_64", MockSettings(), Path("/b"), {}) for _ in range(2))
    assert one == other


def test_lorax_is_told_the_release() -> None:
    words = lorax_command(identity(label=""), "/build/out", ["/build/repo/smeos"], ["--nomacboot"])
    assert words[:7] == ["lorax", "-p", "Koozali SME Server", "-v", "10.1", "-r", "10.1"]
    assert words[-5:] == [
        "https://bugs.koozali.org",
        "--isfinal",
        "--volid=SME-10.1-x86_64",
        "--nomacboot",
        "/build/out",
    ]


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        ("fine\nError: No package lorax available\nlater error: x", "Error: No package lorax available"),
        ("0 errors\nTraceback (most recent call last):\n", "Traceback (most recent call last):"),
        ("all well\nthe end\n\n", "the end"),
        (MOCKS_OWN, "No match for argument: nosuchpackage"),
        ("", "its log is empty"),
    ],
)
def test_the_first_real_error_of_a_log_is_found(log: str, wanted: str) -> None:
    assert find_log_error(log) == wanted


def test_lorax_s_images_become_the_boot_set(world: MockChroot) -> None:
    boot_set = built(world)
    assert all((boot_set / name).read_text() == name for name in LORAX_IMAGES)


def test_the_next_images_replace_them_as_a_whole(world: MockChroot) -> None:
    boot_set = built(world)
    (boot_set / "left over").write_text("x")
    built(world)
    assert not (boot_set / "left over").exists()


def given_back(world: MockChroot) -> int:
    """How often what lorax made was given back to the caller."""
    chown = f"--chroot -- chown -R {os.getuid()}:{os.getgid()} /build/smeserver/state/lorax"
    return sum(line.startswith("$") and line.endswith(chown) for line in world.log.read_text().splitlines())


def test_what_lorax_made_as_root_is_given_back_to_the_caller_even_when_it_failed(world: MockChroot) -> None:
    lorax = Path(world.settings.command[0]).with_name("lorax")
    program(lorax, LORAX, made=["images/half"], words="error: x\n", code=1)
    with pytest.raises(SmeError, match="error: x"):
        built(world)
    assert given_back(world) == 1
    program(lorax, LORAX, made=LORAX_IMAGES, words="", code=0)
    assert not (built(world) / "images/half").exists()
    assert given_back(world) == 3


def test_a_chroot_that_breaks_down_is_told_by_what_went_wrong_first(world: MockChroot) -> None:
    here = Path(world.settings.command[0]).parent
    program(here / "lorax", LORAX, made=["images/half"], words="error: the first\n", code=1)
    program(here / "chown", "#!{python}\nimport sys\nsys.exit('error: the second')\n")
    with pytest.raises(SmeError, match="error: the first"):
        built(world)


def test_a_boot_set_that_we_did_not_make_is_never_replaced(world: MockChroot) -> None:
    (world.build_root / "boot_set").mkdir(parents=True)
    with pytest.raises(FileError, match="was not made by doit installer"):
        built(world)


def test_a_chroot_that_does_not_see_the_build_root_is_found_before_anything_is_written(world: MockChroot) -> None:
    init_mock_chroot(world, "x86_64")
    world.file.write_text(
        world.file.read_text().replace("['bind_mount_opts']['dirs'].append", "['bind_mount_opts']['dirs'].count")
    )
    with pytest.raises(FileError, match="is not mounted at /build/smeserver inside practice"):
        build_installer_images(
            world,
            identity(),
            InstallerSettings("lorax"),
            world.build_root / "state/lorax",
            world.build_root / "boot_set",
        )
    assert not (world.build_root / "state/lorax").exists()


def test_images_that_lorax_did_not_make_are_named_and_the_old_ones_stay(world: MockChroot) -> None:
    boot_set = built(world)
    program(Path(world.settings.command[0]).with_name("lorax"), LORAX, made=LORAX_IMAGES[:2], words="", code=0)
    with pytest.raises(ContentError, match=r"lorax made no images/efiboot\.img, LiveOS/squashfs\.img"):
        built(world)
    assert (boot_set / "LiveOS/squashfs.img").is_file()


def test_a_failure_is_told_by_the_first_real_error_and_where_the_log_is(world: MockChroot) -> None:
    words = "reading\nError: Package anaconda is not there\nthen this\n"
    program(Path(world.settings.command[0]).with_name("lorax"), LORAX, made=(), words=words, code=1)
    with pytest.raises(SmeError, match="practice: Error: Package anaconda is not there") as error:
        built(world)
    assert str(world.log) in str(error.value)


def test_without_mock_the_sentence_says_where_to_get_it(world: MockChroot) -> None:
    Path(world.settings.command[0]).unlink()
    with pytest.raises(SmeError, match="mock: cannot be run"):
        init_mock_chroot(world, "x86_64")


def test_clean_mock_removes_chroot_and_configuration(world: MockChroot) -> None:
    init_mock_chroot(world, "x86_64")
    remove_mock_chroot(world)
    assert not world.file.exists() and "--scrub=all" in world.log.read_text()


def test_a_kill_while_the_images_are_put_into_place_leaves_the_old_set_or_the_new_one(world: MockChroot) -> None:
    boot_set = built(world)
    (boot_set / "old").write_text("of the set before")
    old = set(os.listdir(boot_set))
    new = old - {"old"}

    def installing(place: Path) -> Callable[[], object]:
        shutil.copytree(boot_set, place / "boot_set")
        shutil.copytree(boot_set, place / "work", ignore=shutil.ignore_patterns("old"))
        return lambda: lorax._replace_boot_set(place / "work", place / "boot_set")

    steps = doors(installing(world.build_root / "whole"))
    for number in range(1, len(steps) + 1):
        place = world.build_root / str(number)
        assert killed_at(number, installing(place))
        recover_directory(place / "boot_set")
        assert set(os.listdir(place / "boot_set")) in (old, new), steps[number - 1]
