# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set pinned and fetched: from a server, a local mirror, and an ISO."""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES, USUAL
from smedoit.bootfiles.images import STAND_IN
from smedoit.bootset import fetch, pin, pins
from smedoit.config.inputs import BootSetSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.tiers import KeySettings
from smedoit.errors import ConfigError, ContentError, FileError, NetworkError, SmeError
from smedoit.installer import cpio
from smedoit.iso.boot_images import HYBRID_AT as write_HYBRID_AT
from smedoit.iso.boot_images import HYBRID_MAGIC
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.files import recover_directory, remove_file, write_file
from tests.bootset.test_kernels import VERSION, bzimage
from tests.harness import servers
from tests.harness.kills import WRITES, chosen, doors, killed_at
from tests.harness.servers import ScriptedServer, broken_off, publish, redirect, served, status
from tests.harness.signers import Signer, signing
from tests.harness.tools import missing, need, read_with

QUICK = NetworkSettings(delay=0, timeout=600, tries=1)
INITRD = lzma.compress(cpio.cpio_archive([cpio.CpioMember(f"lib/modules/{VERSION}/modules.dep", b"")], 0))
LOADER = bytearray(b"isolinux" * 512)
LOADER[write_HYBRID_AT : write_HYBRID_AT + 4] = HYBRID_MAGIC
FILES = {
    "images/pxeboot/vmlinuz": bzimage(),
    "images/pxeboot/initrd.img": INITRD,
    "images/efiboot.img": b"efi" * 700,
    "images/boot.iso": b"netinstall",
    "isolinux/vmlinuz": bzimage(),
    "isolinux/initrd.img": INITRD,
    "isolinux/isolinux.bin": bytes(LOADER),
    "isolinux/isolinux.cfg": b"label linux\n",
    "EFI/BOOT/grub.cfg": b"set default=1\n",
    "EFI/BOOT/BOOTX64.EFI": b"shim",
    "LiveOS/squashfs.img": b"a stand-in",
}
BASE = "/7.9.2009/os/x86_64/"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def treeinfo(**changes: str) -> bytes:
    sums = {name: sha(FILES[name]) for name in ("images/pxeboot/vmlinuz", "images/efiboot.img")} | changes
    lines = "".join(f"{name} = sha256:{digest}\n" for name, digest in {**sums, "images/install.img": "0" * 64}.items())
    return f"[general]\nversion = 7\n\n[checksums]\n{lines}".encode()


class World:
    """A place with a pin file, and what doit would say there."""

    def __init__(self, root: Path) -> None:
        self.root, self.path, self.pins = root, root / "boot-set", root / "boot_set.sha256"
        self.place = pins.PinFile(self.pins)
        self.keys: list[KeySettings] = []

    def built_on(self, base: Base) -> None:
        self.place = pins.PinFile(self.pins, base)

    def set(self, **where: object) -> BootSetSettings:
        return BootSetSettings(self.path, **where)  # type: ignore[arg-type]

    def pin(self, network: NetworkSettings = QUICK, **where: object) -> str:
        return pin.update_boot_pins(
            self.set(**where),
            self.place,
            self.keys,
            network,
            self.root / "memory.json",
            self.root / "digests.json",
        )["did"]

    def fetch(self, network: NetworkSettings = QUICK, **where: object) -> str:
        return fetch.fetch_boot_set(
            self.set(**where), self.place, network, self.root / "memory.json", self.root / "digests.json"
        )

    def pinned(self, files: Mapping[str, bytes]) -> None:
        """Pin files as a person would who has them from somewhere else."""
        summed = [ChecksummedFile(name, len(data), sha(data)) for name, data in files.items()]
        self.pins.write_text(pins.format_pins(summed, "by hand"))

    def here(self) -> dict[str, bytes]:
        found = (path for path in self.path.rglob("*") if path.is_file() and path.name != fetch.MARKER)
        return {str(path.relative_to(self.path)): path.read_bytes() for path in found}

    def leftovers(self) -> list[str]:
        known = ("boot-set", "boot_set.sha256", "memory.json", "digests.json", "mirror", "dvd.iso")
        return sorted(name for name in os.listdir(self.root) if name not in known)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with servers.scripted() as one:
        yield one


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as one:
        yield one


def fill(root: Path, files: Mapping[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        write_file(root / name, data)
    return root


# doit boot_set


def test_with_a_path_alone_nothing_is_done(world: World) -> None:
    assert "is taken as it is" in world.fetch()
    assert os.listdir(world.root) == []


def test_without_pins_nothing_is_fetched(world: World, server: ScriptedServer) -> None:
    with pytest.raises(ConfigError, match=r"boot_set\.sha256: does not exist.*\n.*doit pin_boot_set"):
        world.fetch(source=publish(server, BASE, FILES))
    assert server.asked == []


def test_the_set_comes_as_it_is_pinned_and_nothing_else(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    said = world.fetch(source=publish(server, BASE, {**FILES, "images/extra.img": b"extra", "GPL": b"text"}))
    assert world.here() == FILES
    assert said.startswith(
        f"11 files, 11 new (14.5 KiB), 0 removed; kernel {VERSION} in vmlinuz, initrd.img; unknown: "
    )
    assert "LiveOS/squashfs.img is no squashfs image" in said
    assert world.leftovers() == []


def test_what_is_here_and_right_is_not_asked_for(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    url = publish(server, BASE, FILES)
    world.fetch(source=url)
    server.asked.clear()
    before = {path: path.stat().st_mtime_ns for path in world.path.rglob("*")}
    assert world.fetch(source=url) == "11 files, 0 new (0 bytes), 0 removed"
    assert world.fetch(NetworkSettings(offline=True), source=url) == "11 files, 0 new (0 bytes), 0 removed"
    assert server.asked == []
    assert {path: path.stat().st_mtime_ns for path in world.path.rglob("*")} == before


def test_a_damaged_file_is_mended_and_a_stranger_removed(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    url = publish(server, BASE, FILES)
    world.fetch(source=url)
    write_file(world.path / "images/efiboot.img", b"edited")
    write_file(world.path / "images/stale.img", b"stale")
    server.asked.clear()
    assert world.fetch(source=url).startswith("11 files, 1 new (2.1 KiB), 1 removed")
    assert world.here() == FILES
    assert [one.path for one in server.asked] == [f"{BASE}images/efiboot.img"]


def test_a_mismatch_names_file_expected_and_found_and_keeps_what_was_there(
    world: World, server: ScriptedServer
) -> None:
    world.pinned(FILES)
    world.fetch(source=publish(server, BASE, FILES))
    newer = {**FILES, "images/efiboot.img": b"EFI" * 700, "EFI/BOOT/BOOTX64.EFI": b"SHIM"}
    world.pinned({**newer, "images/efiboot.img": b"pinned" * 350})
    with pytest.raises(ContentError) as caught:
        world.fetch(source=publish(server, BASE, newer))
    said = str(caught.value)
    assert said.startswith("1 files of the boot set are on no mirror as pinned; the existing set is kept")
    assert re.search(f"images/efiboot.img.*{sha(b'pinned' * 350)}.*{sha(b'EFI' * 700)}", said, re.DOTALL)
    assert world.here() == FILES


@pytest.mark.parametrize("answer", [status(404), status(403), status(500), broken_off(FILES["images/efiboot.img"], 9)])
def test_what_the_source_does_not_give_comes_from_the_vault(
    world: World, server: ScriptedServer, answer: servers.Answer
) -> None:
    world.pinned(FILES)
    source, vault = publish(server, "/mirror/", FILES), publish(server, "/vault/", FILES)
    server.on("/mirror/images/efiboot.img", answer)
    world.fetch(source=source, bases=(vault,))
    assert world.here() == FILES
    assert [one.path for one in server.asked if one.path.startswith("/vault/")] == ["/vault/images/efiboot.img"]


def test_another_file_than_the_pinned_one_comes_from_the_vault(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    source = publish(server, "/mirror/", {**FILES, "images/efiboot.img": b"EFI" * 700})
    world.fetch(source=source, bases=(publish(server, "/vault/", FILES),))
    assert world.here() == FILES


def test_a_dead_source_is_asked_once_and_not_for_every_file(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    with servers.scripted() as dead:
        source = f"{dead.url}/"
        dead.answer = lambda path: servers.Handler.cut  # type: ignore[method-assign]  # noqa: ARG005
        world.fetch(source=source, bases=(publish(server, BASE, FILES),))
        assert len(dead.asked) == 1
    assert world.here() == FILES


def test_an_unknown_host_and_a_local_mirror_after_it(world: World) -> None:
    world.pinned(FILES)
    world.fetch(source="http://mirror.invalid/os/", bases=(str(fill(world.root / "mirror")),))
    assert world.here() == FILES


def test_every_place_says_why_it_does_not_give_a_file(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    publish(server, "/a/", FILES)
    with pytest.raises(ContentError) as caught:
        world.fetch(source=f"{server.url}/b/", bases=("http://mirror.invalid/", str(world.root / "nowhere")))
    for words in ("404 Not Found", "the host mirror.invalid is not known", "nowhere", "11 files of the boot set"):
        assert words in str(caught.value)
    assert not world.path.exists()


def test_a_redirect_loop_is_told(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    url = publish(server, BASE, FILES)
    server.on(f"{BASE}images/boot.iso", redirect(f"{BASE}images/boot.iso"))
    with pytest.raises(ContentError, match="redirect loop"):
        world.fetch(source=url)


def test_what_came_before_a_fault_does_not_come_again(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    url = publish(server, BASE, FILES)
    server.on(f"{BASE}isolinux/isolinux.cfg", status(404), served(FILES["isolinux/isolinux.cfg"]))
    with pytest.raises(ContentError):
        world.fetch(source=url)
    assert not world.path.exists()
    server.asked.clear()
    world.fetch(source=url)
    assert world.here() == FILES
    assert [one.path for one in server.asked] == [f"{BASE}isolinux/isolinux.cfg"]


def test_offline_the_sentence_names_the_address(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    with pytest.raises(ContentError, match=f"{server.url}{BASE}images/boot.iso: is needed for the boot set, but this"):
        world.fetch(NetworkSettings(offline=True), source=publish(server, BASE, FILES))
    assert server.asked == []


def test_a_directory_with_other_things_is_not_tidied_up(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    write_file(world.path / "Packages/bash.rpm", b"precious")
    with pytest.raises(ContentError, match=r"Packages/bash\.rpm among them"):
        world.fetch(source=publish(server, BASE, FILES))
    assert world.here() == {"Packages/bash.rpm": b"precious"}


def test_pins_of_two_releases_are_refused_before_anything_comes(world: World, server: ScriptedServer) -> None:
    world.pinned({**FILES, "isolinux/vmlinuz": bzimage("3.10.0-957.el7.x86_64")})
    with pytest.raises(ContentError, match=r"isolinux/vmlinuz: is not the same file as images/pxeboot/vmlinuz"):
        world.fetch(source=publish(server, BASE, FILES))
    assert server.asked == []


def test_files_for_different_kernels_are_refused(world: World, server: ScriptedServer) -> None:
    other_kernel = bzimage("3.10.0-957.el7.x86_64")
    mixed = {**FILES, "isolinux/vmlinuz": other_kernel, "images/pxeboot/vmlinuz": other_kernel}
    world.pinned(mixed)
    with pytest.raises(ContentError, match="made for different kernels") as caught:
        world.fetch(source=publish(server, BASE, mixed))
    assert VERSION in str(caught.value)
    assert "3.10.0-957" in str(caught.value)
    assert not world.path.exists()


def test_a_link_in_the_directory_is_not_written_through(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    (world.root / "mirror").mkdir()
    world.path.mkdir()
    (world.path / "images").symlink_to(world.root / "mirror")
    with pytest.raises(FileError, match="leads out of"):
        world.fetch(source=publish(server, BASE, FILES))
    assert os.listdir(world.root / "mirror") == []


def test_a_link_of_a_local_mirror_that_leads_out_is_refused(world: World) -> None:
    world.pinned(FILES)
    mirror = fill(world.root / "mirror")
    remove_file(mirror / "images/boot.iso")
    (mirror / "images/boot.iso").symlink_to("/etc/passwd")
    with pytest.raises(ContentError, match=r"images/boot\.iso: leads out of"):
        world.fetch(source=str(mirror))


# A directory that a person fills, checked


def test_a_directory_with_pins_is_checked(world: World) -> None:
    world.pinned(FILES)
    fill(world.path)
    assert world.fetch(pins="boot_set.sha256") == "11 files are as they were pinned"


def test_all_that_differs_from_the_pins_is_told(world: World) -> None:
    world.pinned(FILES)
    fill(world.path, {**FILES, "images/efiboot.img": b"x", "images/extra.img": b"x", "Packages/a.rpm": b"x"})
    remove_file(world.path / "images/boot.iso")
    with pytest.raises(ContentError) as caught:
        world.fetch(pins="boot_set.sha256")
    said = str(caught.value)
    assert f"images/efiboot.img: expected sha256 {sha(FILES['images/efiboot.img'])}, found {sha(b'x')}" in said
    assert "images/boot.iso: expected" in said
    assert "images/extra.img: is not pinned" in said
    assert "Packages" not in said


# doit pin_boot_set


def test_a_server_is_pinned_and_its_set_lies_there(world: World, server: ScriptedServer) -> None:
    more = {"images/TRANS.TBL": b"x", "isolinux/boot.cat": b"x", "images/product.img": b"x", "Packages/a.rpm": b"x"}
    url = publish(server, BASE, {**FILES, **more})
    server.on(f"{BASE}.treeinfo", served(treeinfo()))
    said = world.pin(source=url)
    assert said.startswith(f"12 files pinned, for the first time; kernel {VERSION} in vmlinuz, initrd.img; unknown: ")
    assert ".treeinfo (unsigned) lists 2, 10 unlisted; " in said
    assert world.here() == {**FILES, ".treeinfo": treeinfo()}
    assert "Packages" not in " ".join(one.path for one in server.asked)
    assert world.fetch(source=url) == "12 files, 0 new (0 bytes), 0 removed"
    assert world.leftovers() == []


def test_sha256sum_agrees_with_the_pins(world: World) -> None:
    need("sha256sum")
    world.pin(source=str(fill(world.root / "mirror")))
    script = 'cd "$1" && sha256sum --strict --quiet -c ../boot_set.sha256'
    assert read_with("sh", "-c", script, "sh", world.path) == ""


def test_the_same_set_gives_the_same_pins_from_server_mirror_and_directory(
    world: World, server: ScriptedServer
) -> None:
    texts = []
    for where in ({"source": publish(server, BASE, FILES)}, {"source": str(fill(world.root / "mirror"))}, {}):
        world.pin(**where)
        texts.append(world.pins.read_text())
    assert texts[0] == texts[1] == texts[2]


def test_a_set_that_changed_is_told(world: World) -> None:
    mirror = fill(world.root / "mirror")
    world.pin(source=str(mirror))
    write_file(mirror / "images/boot.iso", b"another")
    assert "11 files pinned, 1 otherwise than before" in world.pin(source=str(mirror))
    assert world.here()["images/boot.iso"] == b"another"


def test_what_treeinfo_says_otherwise_is_not_pinned(world: World) -> None:
    mirror = fill(world.root / "mirror", {**FILES, ".treeinfo": treeinfo(**{"images/efiboot.img": "1" * 64})})
    with pytest.raises(ContentError) as caught:
        world.pin(source=str(mirror))
    assert f"images/efiboot.img: expected {'1' * 64}, found {sha(FILES['images/efiboot.img'])}" in str(caught.value)
    assert not world.pins.exists()
    assert not world.path.exists()


@pytest.mark.parametrize(
    ("algorithm", "name"), [("sha1", "sha1sum.txt.asc"), ("md5", "CHECKSUM"), ("sha512", "SHA256SUM")]
)
def test_other_algorithms_of_old_mirrors_are_understood(world: World, algorithm: str, name: str) -> None:
    digest = hashlib.new(algorithm, FILES["images/boot.iso"]).hexdigest()
    mirror = fill(world.root / "mirror", {**FILES, name: f"{digest}  images/boot.iso\n".encode()})
    assert f"{name} (unsigned) lists 1" in world.pin(source=str(mirror))
    write_file(mirror / name, f"{'0' * len(digest)}  images/boot.iso\n")
    with pytest.raises(ContentError, match=f"found {digest}"):
        world.pin(source=str(mirror))


def test_a_signed_checksum_file_is_believed_if_its_key_is_pinned(
    world: World, server: ScriptedServer, signer: Signer, tmp_path: Path
) -> None:
    sums = tmp_path / "sha256sum.txt"
    sums.write_text("".join(f"{sha(data)}  {name}\n" for name, data in FILES.items()))
    url = publish(server, BASE, FILES)
    server.on(f"{BASE}sha256sum.txt.asc", served(signer.clearsigned(sums).read_bytes()))
    with pytest.raises(ContentError, match=r"sha256sum\.txt\.asc: signed by key .* does not trust"):
        world.pin(source=url)
    assert not world.pins.exists()
    world.keys = [signer.key]
    assert f"sha256sum.txt.asc (signed by {signer.fingerprint}) lists 11" in world.pin(source=url)


def test_a_signature_beside_a_checksum_file_counts(world: World, signer: Signer) -> None:
    mirror = fill(world.root / "mirror")
    (mirror / "CHECKSUM").write_text(f"SHA256 (images/boot.iso) = {sha(FILES['images/boot.iso'])}\n")
    signer.detached(mirror / "CHECKSUM")
    world.keys = [signer.key]
    assert f"CHECKSUM (signed by {signer.fingerprint}) lists 1" in world.pin(source=str(mirror))
    (mirror / "CHECKSUM").write_text(f"SHA256 (images/boot.iso) = {'0' * 64}\n")
    with pytest.raises(ContentError, match="does not verify"):
        world.pin(source=str(mirror))


def test_a_set_that_lacks_files_is_not_pinned(world: World) -> None:
    mirror = fill(world.root / "mirror", {name: data for name, data in FILES.items() if "squashfs" not in name})
    with pytest.raises(ContentError, match=r"lacks LiveOS/squashfs\.img"):
        world.pin(source=str(mirror))


def test_a_server_without_index_pages_is_told(world: World, server: ScriptedServer) -> None:
    for top in pins.boot_set_tops(USUAL):
        server.on(f"{BASE}{top}/", served(b"<title>Welcome</title>", "text/html"))
    with pytest.raises(ContentError, match="is no index page"):
        world.pin(source=server.url + BASE)


def test_a_server_that_refuses_everything_is_told_as_such(world: World, server: ScriptedServer) -> None:
    for top in pins.boot_set_tops(USUAL):
        server.on(f"{BASE}{top}/", status(403))
    with pytest.raises(NetworkError, match=r"(?s)403 Forbidden.*blacklist"):
        world.pin(source=server.url + BASE)


def test_hostile_names_of_a_server_write_nothing(world: World, server: ScriptedServer) -> None:
    url = publish(server, BASE, FILES)
    server.on(f"{BASE}images/", servers.listing(["boot.iso", "%2e%2e%2f%2e%2e%2fevil"]))
    with pytest.raises(ContentError, match="names that are not safe"):
        world.pin(source=url)
    assert not world.path.exists()


def test_offline_nothing_is_pinned(world: World, server: ScriptedServer) -> None:
    with pytest.raises(NetworkError, match="but this run is offline"):
        world.pin(NetworkSettings(offline=True), source=publish(server, BASE, FILES))
    assert server.asked == []


# An ISO


HYBRID = Path("/usr/lib/grub/i386-pc/boot_hybrid.img")
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
EL10_FILES = {
    **{name: data for name, data in FILES.items() if not name.startswith(("isolinux/", "LiveOS/"))},
    **dict.fromkeys(("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "images/install.img"), STAND_IN),
    "images/eltorito.img": bytes(4096),
    "boot/grub2/grub.cfg": b"set default=1\n",
    "boot/grub2/i386-pc/normal.mod": b"normal",
}


def made_as_el10(world: World) -> Path:
    """Make a medium of EL 10 as lorax 40 calls xorriso: no directory lists efiboot.img, nor what is in the MBR."""
    need("xorriso")
    if not HYBRID.is_file():
        missing(f"{HYBRID}, of Debian's grub-pc-bin")
    disc = fill(world.root / "disc", {name: data for name, data in EL10_FILES.items() if "efiboot" not in name})
    efiboot = world.root / "efi.img"
    efiboot.write_bytes(b"efi!" * 4096)
    read_with(
        *("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "Rocky-10-0-x86_64-dvd", "--grub2-mbr", HYBRID),
        *("-partition_offset", "16", "-appended_part_as_gpt", "-append_partition", "2", ESP, efiboot),
        *("--boot-catalog-hide", "-b", "images/eltorito.img", "-no-emul-boot", "-boot-load-size", "4"),
        *("-boot-info-table", "--grub2-boot-info", "-eltorito-alt-boot", "-e"),
        *("--interval:appended_partition_2:all::", "-no-emul-boot", "-o", world.root / "dvd.iso", disc),
    )
    return world.root / "dvd.iso"


def test_what_no_directory_of_a_medium_of_el_10_lists_is_taken_from_the_medium_itself(world: World) -> None:
    world.built_on(BASES["el10"])
    iso = made_as_el10(world)
    world.pin(iso=str(iso))
    here = world.here()
    assert here["images/boot_hybrid.img"] == HYBRID.read_bytes()
    assert here["images/efiboot.img"] == b"efi!" * 4096
    shutil.rmtree(world.path)
    assert "files" in world.fetch(iso=str(iso))
    assert world.here() == here


def test_a_mirror_of_el_10_is_whole_with_the_network_install_iso_that_has_the_code_of_the_mbr(world: World) -> None:
    world.built_on(BASES["el10"])
    mirror = fill(world.root / "mirror", EL10_FILES)
    assert "files pinned" in world.pin(source=str(mirror))
    (mirror / "images/boot.iso").unlink()
    with pytest.raises(ContentError, match=r"lacks images/boot_hybrid\.img\n"):
        world.pin(source=str(mirror))


def test_a_boot_set_of_another_base_is_not_pinned(world: World) -> None:
    world.built_on(BASES["el8"])
    libraries = {f"isolinux/{name}.c32": b"x" for name in ("ldlinux", "libcom32", "libutil", "vesamenu")}
    mirror = fill(world.root / "mirror", {**FILES, **libraries, "images/install.img": STAND_IN})
    words = rf"not of Enterprise Linux 8\n(.|\n)*{re.escape(VERSION)} is of Enterprise Linux 7"
    with pytest.raises(ContentError, match=words):
        world.pin(source=str(mirror))
    assert not world.pins.exists()


@pytest.mark.parametrize("name", ["Rocky-9.6-x86_64-dvd.iso", "AlmaLinux-10.0-x86_64-dvd.iso"])
def test_an_iso_is_held_against_the_checksum_file_that_rocky_and_alma_publish(world: World, name: str) -> None:
    source = fill(world.root / "disc", FILES)
    iso = world.root / "mirror" / name
    iso.parent.mkdir()
    made(source, iso)
    size, digest = iso.stat().st_size, sha(iso.read_bytes())
    others = f"# other.iso: 7 bytes\nSHA256 (other.iso) = {'1' * 64}\n"
    (iso.parent / "CHECKSUM").write_text(f"{others}# {name}: {size} bytes\nSHA256 ({name}) = {digest}\n")
    assert "CHECKSUM (unsigned) lists 1" in world.pin(iso=str(iso))
    (iso.parent / "CHECKSUM").write_text(f"SHA256 ({name}) = {'2' * 64}\n")
    with pytest.raises(ContentError, match=f"{name}: expected {'2' * 64}"):
        world.pin(iso=str(iso))


@pytest.fixture
def dvd(world: World) -> Path:
    """Upstream's DVD, made by xorriso: a reader of our own must not be needed to make it."""
    need("xorriso")
    more = {".treeinfo": treeinfo(), "Packages/bash.rpm": b"rpm", "isolinux/boot.cat": b"x", "images/TRANS.TBL": b"x"}
    source = fill(world.root / "disc", {**FILES, **more})
    made(source, world.root / "dvd.iso")
    return world.root / "dvd.iso"


def made(source: Path, target: Path, *more: str) -> None:
    """Make an ISO as upstream does."""
    options = ("-as", "mkisofs", "-quiet", "-R", "-J", "-V", "CentOS 7 x86_64", *more)
    read_with("xorriso", *options, "-o", target, source)


def test_a_dvd_is_pinned_and_its_set_lies_there(world: World, dvd: Path) -> None:
    said = world.pin(iso=str(dvd))
    assert said.startswith("12 files pinned, for the first time; kernel")
    assert ".treeinfo (unsigned) lists 2" in said
    assert world.here() == {**FILES, ".treeinfo": treeinfo()}


def test_a_dvd_gives_what_is_pinned(world: World, dvd: Path) -> None:
    world.pinned(FILES)
    world.fetch(iso=str(dvd))
    assert world.here() == FILES


def test_a_dvd_is_held_against_the_checksum_file_beside_it(world: World, dvd: Path, signer: Signer) -> None:
    sums = dvd.with_name("sha256sum.txt")
    sums.write_text(f"{sha(dvd.read_bytes())}  dvd.iso\n{'0' * 64}  another.iso\n")
    signer.clearsigned(sums)
    world.keys = [signer.key]
    said = world.pin(iso=str(dvd))
    assert f"sha256sum.txt.asc (signed by {signer.fingerprint}) lists 1" in said
    assert "unlisted" not in said
    sums.write_text(f"{'0' * 64}  dvd.iso\n")
    with pytest.raises(ContentError, match=rf"dvd\.iso: expected {'0' * 64}, found {sha(dvd.read_bytes())}"):
        world.pin(iso=str(dvd))


def test_another_disc_than_the_pinned_one_names_file_expected_and_found(world: World, dvd: Path) -> None:
    world.pinned({**FILES, "images/efiboot.img": b"pinned"})
    with pytest.raises(ContentError) as caught:
        world.fetch(iso=str(dvd))
    assert f"images/efiboot.img: expected sha256 {sha(b'pinned')}, found {sha(FILES['images/efiboot.img'])}" in str(
        caught.value
    )


def test_links_on_a_disc_are_refused(world: World) -> None:
    need("xorriso")
    source = fill(world.root / "disc")
    (source / "images/link.img").symlink_to("../../../etc/passwd")
    made(source, world.root / "dvd.iso")
    with pytest.raises(ContentError, match=r"images/link\.img on it is a link or a device"):
        world.pin(iso=str(world.root / "dvd.iso"))
    assert not world.path.exists()


def test_pipes_and_other_odd_files_on_a_disc_are_refused(world: World) -> None:
    need("xorriso")
    source = fill(world.root / "disc")
    os.mkfifo(source / "images/pipe.img")
    made(source, world.root / "dvd.iso")
    with pytest.raises(ContentError, match=r"images/pipe\.img on it is a link or a device"):
        world.pin(iso=str(world.root / "dvd.iso"))


@pytest.mark.parametrize("name", ["..", "../../../evil", "back\\slash", "a\0b", "evil\nname"])
def test_names_on_a_disc_that_lead_out_are_refused(world: World, dvd: Path, name: str) -> None:
    data = dvd.read_bytes()
    here, there = b"grub.cfg", name.encode()[:8].ljust(8, b"x") if name != ".." else b"../../.."
    assert data.count(here) >= 1
    dvd.write_bytes(data.replace(here, there))
    with pytest.raises(SmeError):
        world.pin(iso=str(dvd))
    assert not world.path.exists()
    assert world.leftovers() == ["disc"]


@pytest.mark.parametrize("damage", [lambda data: data[:40000], lambda data: b"text" * 10, lambda data: b""])  # noqa: ARG005
def test_a_damaged_disc_is_worded(world: World, dvd: Path, damage: object) -> None:
    dvd.write_bytes(damage(dvd.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SmeError, match=r"dvd\.iso: "):
        world.pin(iso=str(dvd))


def test_a_disc_that_is_not_there_is_worded(world: World) -> None:
    with pytest.raises(FileError, match=r"nowhere\.iso: cannot be read, no such file"):
        world.pin(iso=str(world.root / "nowhere.iso"))


def test_settings_that_contradict_each_other_are_refused() -> None:
    good = BootSetSettings(Path("x"), source="https://vault.example.org/os/")
    for changes in ({"iso": "x.iso"}, {"source": "", "bases": ("y",)}, {"source": "ftp://x/"}, {"bases": ("http://",)}):
        with pytest.raises(ValueError):
            replace(good, **changes)


def test_a_kill_while_it_is_put_into_place_never_mixes_two_sets(tmp_path: Path) -> None:
    new = {**FILES, "images/efiboot.img": b"new", "images/pxeboot/vmlinuz": b"new", "LiveOS/new": b"new"}
    summed = {name: ChecksummedFile(name, len(data), sha(data)) for name, data in new.items()}
    arrived = sorted(name for name in new if FILES.get(name) != new[name])

    def installing(place: Path) -> Callable[[], object]:
        fill(place / "set", {**FILES, fetch.MARKER: b"", "isolinux/gone": b"old"})
        fill(place / "incoming", {name: new[name] for name in arrived})
        return lambda: fetch.install_boot_set(place / "incoming", place / "set", arrived, summed)

    def content(place: Path) -> dict[str, bytes]:
        found = {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        return {name: data for name, data in found.items() if name != fetch.MARKER}

    steps = doors(installing(tmp_path / "whole"), WRITES)
    for number in chosen(steps, False):
        place = tmp_path / str(number)
        assert killed_at(number, installing(place), WRITES)
        recover_directory(place / "set")
        assert content(place / "set") in ({**FILES, "isolinux/gone": b"old"}, new), steps[number - 1]


def test_a_set_that_somebody_keeps_under_version_control_is_not_replaced(world: World, server: ScriptedServer) -> None:
    world.pinned(FILES)
    (world.path / ".git").mkdir(parents=True)
    with pytest.raises(ContentError, match="is a working copy, and would be replaced as a whole"):
        world.fetch(source=publish(server, BASE, FILES))
    assert (world.path / ".git").is_dir()
