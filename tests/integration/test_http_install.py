# SPDX-License-Identifier: GPL-3.0-or-later
"""An installation from the tree on a web server, as PXE and virt-install begin one: no medium is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit import medium_paths
from smedoit.bases.known import USUAL
from smedoit.runtime.files import write_file
from smedoit.sample import boot, runtime
from tests.harness import servers
from tests.harness.project import Project, flipped
from tests.harness.qemu import boot_kernel
from tests.harness.tools import missing

pytestmark = pytest.mark.exhaustive  # each start takes the emulator half a minute
SAYS = "practice installer: "
HOST = "10.0.2.2"  # where the emulator's network has this machine


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    if boot.find_host_kernel() is None or not runtime.has_image_tools(USUAL):
        missing("a kernel that can be read, its modules, a static busybox, mksquashfs and mke2fs")
    project = Project.bare(tmp_path_factory.mktemp("http"))
    project.build("sample", "iso")
    return project


@pytest.fixture
def mirror(project: Project, tmp_path: Path) -> Iterator[servers.Real]:
    with servers.real("nginx", tmp_path / "nginx", project.tree) as server:
        yield server


def installed(project: Project, mirror: servers.Real) -> list[str]:
    """Return what the installer says that is started from the network, with the tree as its only source."""
    address = mirror.url.replace("127.0.0.1", HOST).rstrip("/")
    heard = boot_kernel(
        project.tree / medium_paths.KERNEL,
        project.tree / medium_paths.INITRD,
        f"console=ttyS0 inst.repo={address}",
        f"{SAYS}done",
    )
    return [line.removeprefix(SAYS).replace(address, "ADDRESS") for line in heard.splitlines() if line.startswith(SAYS)]


def test_the_tree_on_a_web_server_is_enough_to_install_from(project: Project, mirror: servers.Real) -> None:
    count = len(list((project.tree / "Packages").glob("*.rpm")))
    said = installed(project, mirror)
    assert said[1:] == [
        "stage 2 fetched from ADDRESS",
        "updates.img holds 7 files",
        "product.img holds 15 files",
        f"stage 2 runs: {runtime.NAME.strip()}",
        "Product Koozali SME Server",
        "Version 10.1rc2",
        "IsFinal False",
        "medium holds 0 packages",
        f"{count} of {count} packages are as the repodata of ADDRESS says",
        "done",
    ]


def test_the_practice_installer_tells_a_package_that_is_not_what_the_repodata_says(
    project: Project, mirror: servers.Real
) -> None:
    [victim, *others] = sorted((project.tree / "Packages").glob("*.rpm"))
    before = victim.read_bytes()
    victim.unlink()  # it is a link to the tier
    write_file(victim, flipped(len(before) // 2)(before))
    try:
        said = installed(project, mirror)
    finally:
        write_file(victim, before)
    assert f"Packages/{victim.name} is not what the repodata says" in said
    assert f"{len(others)} of {len(others) + 1} packages are as the repodata of ADDRESS says" in said
