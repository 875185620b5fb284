# SPDX-License-Identifier: GPL-3.0-or-later
"""The network install medium as doit makes it, booted four ways, with its URL on the kernel's command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smedoit.boottest.qemu import Firmware, Medium
from smedoit.runtime import files
from smedoit.sample import boot
from tests.harness import practice_menus as menus
from tests.harness.project import Project
from tests.harness.qemu import boot as qemu_boot
from tests.harness.tools import missing

SERIAL = "console=ttyS0"
URL = "https://mirror.example.invalid/releases/testing/10.1.rc2/smeos/x86_64"
LABEL = "SME-10.1.rc2-net"


def hasty(text: str) -> str:
    """Return a boot menu of the practice content that waits a second, and whose kernel talks to the serial line."""
    text = re.sub(r"(?m)^timeout \d+$", "timeout 10", text)
    text = re.sub(r"(?m)^set timeout=\d+$", "set timeout=1", text).replace('set default="1"', 'set default="0"')
    return re.sub(r"(?m) quiet$", f" {SERIAL}", text)


@pytest.fixture(scope="module")
def netinstall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if boot.find_host_kernel() is None:
        missing("a kernel that can be read, its modules, and a static busybox")
    trial = Project.bare(tmp_path_factory.mktemp("netinstall"))
    trial.build("sample")
    content = trial.release.content.path
    files.write_file(content / "netinstall/isolinux/isolinux.cfg", "serial 0 115200\n" + hasty(menus.NETINSTALL))
    files.write_file(content / "EFI/BOOT/grub.cfg", hasty(menus.GRUB))
    answer = trial.doit("netinstall")
    assert answer.code == 0, answer.said
    return trial.release.netinstall_iso


@pytest.mark.parametrize(
    ("firmware", "way"),
    [
        ("bios", "cd"),
        pytest.param("uefi", "usb", marks=pytest.mark.exhaustive),
        pytest.param("bios", "usb", marks=pytest.mark.exhaustive),
        pytest.param("uefi", "cd", marks=pytest.mark.exhaustive),
    ],
)
def test_the_network_medium_finds_itself_and_knows_where_to_install_from(
    netinstall: Path, firmware: Firmware, way: Medium
) -> None:
    heard = qemu_boot(netinstall, firmware, way, "practice installer: done")
    device = {"cd": "/dev/sr0", "usb": "/dev/sda"}[way]
    assert f"practice installer: medium {LABEL} mounted from {device}\n" in heard
    assert "product.img holds" in heard
    assert "practice installer: medium holds 0 packages\n" in heard
    [line] = set(re.findall(r"Command line: (.*)", heard)) or {""}
    assert f" inst.repo={URL} " in f"{line} "
