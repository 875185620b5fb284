# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of the overlay images that a base's installer never looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES, find_base
from smedoit.config.inputs import ContentSettings
from smedoit.errors import ContentError
from smedoit.installer import cpio, overlays, runtime_paths
from smedoit.installer.dead_paths import dead_path_reason
from smedoit.installer.gettext_catalog import misplaced_catalog
from smedoit.installer.overlay_files import check_overlay_files, defaults_places
from smedoit.runtime import files
from smedoit.sample.translations import practice_catalog
from tests.harness.nouns import identity

EL7 = find_base("el7")
NEWER = [base for base in BASES.values() if base.configuration is not Configuration.INSTALL_CLASSES]
DEAF = [base for base in NEWER if not base.reads_updates]
EACH_NEWER = pytest.mark.parametrize("base", NEWER, ids=[base.name for base in NEWER])
EACH_DEAF = pytest.mark.parametrize("base", DEAF, ids=[base.name for base in DEAF])
DE = "de/LC_MESSAGES/anaconda.mo"


def reason(name: str, base: Base, data: bytes = b"") -> str:
    return dead_path_reason(name, data, base)


@EACH_NEWER
@pytest.mark.parametrize("top", ["run/install/product", "usr/lib64/python2.7/site-packages", "run/install/updates"])
def test_an_install_class_is_refused_and_named_with_what_it_should_be_now(top: str, base: Base) -> None:
    said = reason(f"{top}/pyanaconda/installclasses/koozali.py", base)
    assert f"is an install class, and the installer of {base.words} has none" in said
    assert f"etc/anaconda/{base.configuration.value}/NAME.conf, chosen by " in said
    assert "is an install class" in reason(f"{base.python.site}/own.py", base, b"class X(BaseInstallClass): pass")


@EACH_DEAF
@pytest.mark.parametrize(
    ("name", "place"),
    [
        (f"run/install/updates/po/{DE}", f"usr/share/locale/{DE}"),
        ("run/install/updates/pyanaconda/ui/x.py", "{site}/pyanaconda/ui/x.py"),
        ("run/install/updates/interactive-defaults.ks", "usr/share/anaconda/interactive-defaults.ks"),
        ("run/install/product/.buildstamp", ".buildstamp"),
        ("run/install/product/anaconda.repos.d/sme.repo", "etc/anaconda.repos.d/sme.repo"),
        ("tmp/updates/99-disk.rules", "etc/udev/rules.d/99-disk.rules"),
        ("run/install/updates/blivet/x.py", "it belongs below usr or etc"),
    ],
)
def test_what_no_installer_reads_any_more_is_refused_with_its_place_now(name: str, place: str, base: Base) -> None:
    said = reason(name, base)
    assert said.startswith(f"the installer of {base.words} reads nothing there; put it ")
    assert said.endswith(place.format(site=base.python.site))


@pytest.mark.parametrize("top", ["run/install/updates", "run/install/product"])
@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_the_style_sheet_below_run_install_is_read_by_all(top: str, base: Base) -> None:
    assert reason(f"{top}/anaconda-gtk.css", base) == ""


def test_the_configuration_of_another_kind_does_nothing_and_is_refused() -> None:
    el9, el10 = find_base("el9"), find_base("el10")
    assert "reads etc/anaconda/profile.d instead, chosen by ID" in reason("etc/anaconda/product.d/koozali.conf", el10)
    assert "reads etc/anaconda/product.d instead, chosen by Pro" in reason("etc/anaconda/profile.d/koozali.conf", el9)
    for base in NEWER:
        assert reason("etc/anaconda/conf.d/koozali.conf", base) == ""
        assert reason(f"etc/anaconda/{base.configuration.value}/koozali.conf", base) == ""


@EACH_NEWER
def test_what_another_python_would_import_is_refused(base: Base) -> None:
    assert f"runs with {base.python}, and imports from {base.python.site}" in reason("usr/lib/python2.7/x.py", base)
    assert reason(f"{base.python.site}/x.py", base) == ""
    assert reason("usr/share/anaconda/addons/org_koozali/__init__.py", base) == ""


def test_on_el_7_all_these_are_no_concern() -> None:
    for name in (
        "run/install/updates/x.py",
        "etc/anaconda/product.d/x.conf",
        "usr/lib/python3.6/x.py",
        "tmp/updates/x",
    ):
        assert reason(name, EL7) == ""


def test_all_that_is_dead_is_told_together_by_file() -> None:
    members = [cpio.CpioMember(f"run/install/updates/{name}", b"", origin=f"src/updates/{name}") for name in "ab"]
    with pytest.raises(ContentError) as caught:
        check_overlay_files(members, "updates.img", DEAF[0])
    assert "files that the installer never reads:" in str(caught.value)
    assert "src/updates/a: " in str(caught.value) and "src/updates/b: " in str(caught.value)


def test_python_below_run_install_product_is_told_where_only_updates_is_searched() -> None:
    member = cpio.CpioMember("run/install/product/pyanaconda/own.py", b"")
    [said] = check_overlay_files([member], "product.img", find_base("el8"))
    assert "nobody imports it there; Python 3.6 finds what is below run/install/updates and usr/lib64/python3.6" in said
    assert check_overlay_files([member], "product.img", EL7) == []


@EACH_DEAF
@pytest.mark.parametrize(
    ("relative", "place"),
    [
        ("anaconda-gtk.css", "run/install/updates/anaconda-gtk.css"),
        ("interactive-defaults.ks", "usr/share/anaconda/interactive-defaults.ks"),
        ("pyanaconda/ui/x.py", "{site}/pyanaconda/ui/x.py"),
        ("usr/share/x", "usr/share/x"),
        ("foo.py", "run/install/updates/foo.py"),  # where the check of dead places finds it
    ],
)
def test_a_file_of_updates_goes_where_it_belongs(relative: str, place: str, base: Base) -> None:
    assert cpio.updates_location(relative, base) == place.format(site=base.python.site)


@EACH_DEAF
def test_translations_in_updates_are_refused_where_nobody_looks(base: Base, tmp_path: Path) -> None:
    files.write_file(tmp_path / "updates/po" / DE, practice_catalog("de"))
    files.write_file(tmp_path / "translations" / DE, practice_catalog("de"))
    ours, target = identity(base=base.name), tmp_path / "updates.img"

    def write() -> str:
        content = ContentSettings(tmp_path)
        return overlays.write_updates_img(content, ("po/*",), tmp_path / "translations", "locale", ours, target)

    with pytest.raises(ContentError, match=rf"updates/po/{DE}: the installer of {base.words} reads no run/install"):
        write()
    files.remove_directory(tmp_path / "updates/po")
    write()
    [member] = cpio.parse_overlay_image(target.read_bytes(), "updates.img")
    assert member.name == f"usr/share/locale/{DE}"
    assert misplaced_catalog(f"run/install/updates/po/{DE}", base).endswith("below usr/share/locale")


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_defaults_are_read_where_the_installer_looks(base: Base) -> None:
    assert defaults_places(base)[0] == "usr/share/anaconda/interactive-defaults.ks"
    assert (len(defaults_places(base)) == 2) == base.reads_updates


@EACH_NEWER
def test_a_file_where_a_newer_runtime_has_a_directory_is_refused(base: Base) -> None:
    places = [
        "etc/anaconda", f"etc/anaconda/{base.configuration.value}", f"{base.python.site}/pyanaconda",
        "usr/share/anaconda/addons", "bin",
    ]  # fmt: skip
    assert len(list(runtime_paths.find_path_conflicts(places, base))) >= len(places)
    fine = (
        f"etc/anaconda/{base.configuration.value}/koozali.conf",
        "usr/share/anaconda/addons/org_koozali/__init__.py",
        f"{base.python.site}/pyanaconda/own.py",
    )
    assert list(runtime_paths.find_path_conflicts(fine, base)) == []
