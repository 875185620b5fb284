# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed EFI binaries, and whether each trusts what it starts: Debian's own, and what is made of them."""

from __future__ import annotations

import datetime
import struct
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from smedoit.errors import CheckError
from smedoit.fat.format import build_fat_image
from smedoit.medium_paths import EFI_IMAGE, KERNEL
from smedoit.secureboot import authenticode, chain, check, pe, shim
from smedoit.secureboot.authenticode import BadSignatureError
from smedoit.secureboot.pe import DamagedBinaryError, parse_efi_binary
from tests.harness.tools import missing, need, read_with

PLACES = {
    "shim": Path("/usr/lib/shim/shimx64.efi.signed"),
    "mm": Path("/usr/lib/shim/mmx64.efi.signed"),
    "grub": Path("/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"),
    "bare": Path("/usr/lib/grub/x86_64-efi/monolithic/gcdx64.efi"),
}


def vendors(name: str) -> bytes:
    """Return a signed binary of Debian."""
    place = PLACES.get(name) or max(Path("/boot").glob("vmlinuz-*-amd64"), default=Path("/boot/vmlinuz"))
    return place.read_bytes() if place.is_file() else missing(f"{place} (shim-signed, grub-efi-amd64-signed)")


SIGNED = ("shim", "mm", "grub", "kernel")


def tree(root: Path, changed: Mapping[str, bytes] | None = None, inner: Mapping[str, bytes] | None = None) -> Path:
    """Return a tree with Debian's chain, and some of it replaced: beside efiboot.img, and inside."""
    files = {"BOOTX64.EFI": vendors("shim"), "mmx64.efi": vendors("mm"), "grubx64.efi": vendors("grub")}
    own = {**files, **{name: data for name, data in (changed or {}).items() if name != "kernel"}}
    for name, data in own.items():
        (root / "EFI/BOOT").mkdir(parents=True, exist_ok=True)
        (root / "EFI/BOOT" / name).write_bytes(data)
    (root / EFI_IMAGE).parent.mkdir()
    inside = {f"EFI/BOOT/{name}": data for name, data in {**files, **(inner or {})}.items()}
    (root / EFI_IMAGE).write_bytes(build_fat_image(root / EFI_IMAGE, inside, "ANACONDA", 1480944027))
    (root / KERNEL).parent.mkdir(parents=True)
    (root / KERNEL).write_bytes((changed or {}).get("kernel") or vendors("kernel"))
    return root


def spoiled(data: bytes, section: str = ".text") -> bytes:
    """Return a binary with another byte in a section."""
    at = parse_efi_binary(data).sections[section][0]
    return data[: at + 9] + bytes([data[at + 9] ^ 1]) + data[at + 10 :]


def resigned(data: bytes, place: Path, name: str) -> bytes:
    """Return a binary without its signatures, signed by a key of nobody by sbsign."""
    need("sbsign", "sbattach", "openssl")
    (place / "binary").write_bytes(data)
    while list(parse_efi_binary((place / "binary").read_bytes()).signed_data()):
        read_with("sbattach", "--remove", place / "binary")
    read_with(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "3"),
        *("-keyout", place / "key", "-out", place / "cert"),
    )
    signing = ["sbsign", "--key", place / "key", "--cert", place / "cert", "--output", place / "out", place / "binary"]
    subprocess.run(signing, check=True, capture_output=True)
    return (place / "out").read_bytes()


@pytest.mark.parametrize("name", SIGNED)
def test_signers_are_those_that_sbverify_lists(name: str, tmp_path: Path) -> None:
    need("sbverify")
    (tmp_path / "binary").write_bytes(vendors(name))
    listed = read_with("sbverify", "--list", tmp_path / "binary")
    found = authenticode.read_signatures(parse_efi_binary(vendors(name)))
    assert len(found) == listed.count("image signature issuers:")
    for each in found:
        assert f"CN={authenticode.certificate_name(each.signer)}\n" in listed


@pytest.mark.parametrize("name", SIGNED)
def test_a_binary_that_somebody_changed_is_refused(name: str) -> None:
    data = spoiled(vendors(name))
    with pytest.raises(BadSignatureError, match="changed it after it was signed"):
        authenticode.read_signatures(parse_efi_binary(data))


def test_a_signature_that_somebody_changed_is_refused() -> None:
    data = bytearray(vendors("grub"))
    data[-64] ^= 1  # within the signature's own number
    with pytest.raises(BadSignatureError, match=r"is wrong|cannot be read|lacks"):
        authenticode.read_signatures(parse_efi_binary(bytes(data)))


def test_both_authorities_of_microsoft_are_told_with_their_dates() -> None:
    report = chain.ChainReport()
    chain.judge_chain("BOOTX64.EFI", [], {"BOOTX64.EFI": vendors("shim")}, report)
    assert "Microsoft Corporation UEFI CA 2011 (2011-06-27 to 2026-06-27)" in report.lines[0]
    assert "Microsoft UEFI CA 2023 (2023-06-13 to 2038-06-13)" in report.lines[0]
    assert "SBAT shim 4, shim.debian 1" in report.lines[0]


def test_the_authorities_are_those_that_firmware_has() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    store = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
    if not store.is_file():
        missing("ovmf")
    first, second = chain.load_authorities()
    assert first.public_bytes(Encoding.DER) in store.read_bytes()
    assert second.not_valid_before_utc == datetime.datetime(2023, 6, 13, 19, 21, 47, tzinfo=datetime.timezone.utc)


def test_a_chain_that_holds_is_told_line_by_line(tmp_path: Path) -> None:
    said = check.check_secure_boot(tree(tmp_path))
    assert said.startswith("7 EFI binaries, each trusted by what starts it\n")
    assert "EFI/BOOT/grubx64.efi  GRUB 2.06" in said
    assert f"in {EFI_IMAGE}: EFI/BOOT/BOOTX64.EFI" in said
    assert "linux, by Debian Secure Boot CA" in said


def test_an_unsigned_grub_breaks_the_chain(tmp_path: Path) -> None:
    with pytest.raises(CheckError) as refused:
        check.check_secure_boot(tree(tmp_path, inner={"grubx64.efi": vendors("bare")}))
    assert chain.UNSIGNED in str(refused.value)
    assert f"    in {EFI_IMAGE}: EFI/BOOT/grubx64.efi\n" in str(refused.value)


def test_a_grub_without_sbat_data_breaks_the_chain_and_a_kernel_without_does_not(tmp_path: Path) -> None:
    with pytest.raises(CheckError) as refused:  # Debian's kernel has none, and is signed as GRUB is
        check.check_secure_boot(tree(tmp_path, {"grubx64.efi": vendors("kernel")}))
    assert f"{chain.NO_SBAT}:\n    EFI/BOOT/grubx64.efi\n" in str(refused.value)
    assert f"    {KERNEL}\n" not in str(refused.value)


def test_a_grub_whose_signer_shim_does_not_know_breaks_the_chain(tmp_path: Path) -> None:
    other = resigned(vendors("grub"), tmp_path, "Somebody")
    with pytest.raises(CheckError, match="whom neither shim nor the firmware trusts") as refused:
        check.check_secure_boot(tree(tmp_path / "tree", {"grubx64.efi": other}))
    assert "EFI/BOOT/grubx64.efi: by Somebody" in str(refused.value)


def test_a_shim_that_microsoft_did_not_sign_breaks_the_chain(tmp_path: Path) -> None:
    other = resigned(vendors("shim"), tmp_path, "Somebody")
    with pytest.raises(CheckError, match="not signed by Microsoft"):
        check.check_secure_boot(tree(tmp_path / "tree", {"BOOTX64.EFI": other}))


def test_a_kernel_that_was_changed_breaks_the_chain(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="somebody changed it after it was signed"):
        check.check_secure_boot(tree(tmp_path, {"kernel": spoiled(vendors("kernel"))}))


def test_a_medium_without_a_loader_is_told_so(tmp_path: Path) -> None:
    place = tree(tmp_path)
    (place / "EFI/BOOT/BOOTX64.EFI").unlink()
    with pytest.raises(CheckError, match=r"not there:\n    EFI/BOOT/BOOTX64.EFI"):
        check.check_secure_boot(place)


def test_a_generation_that_shim_refuses_and_a_hash_that_it_revoked_are_told() -> None:
    own = shim.read_shim(parse_efi_binary(vendors("shim")))
    assert own
    assert (own.level["shim"], len(own.revoked) > 50) == (4, True)
    grub = chain.read_signed_binary("grubx64.efi", vendors("grub"))
    strict = shim.Shim(own.vendor, frozenset({grub.binary.digest("sha256")}), {"grub": 99}, {"grub.debian": 99})
    report = chain.ChainReport()
    chain.judge_chain("", ["grubx64.efi"], {"grubx64.efi": vendors("grub")}, report, strict)
    assert report.findings.found[chain.TOO_OLD] == [f"grubx64.efi: grub {grub.generations['grub']}, and shim wants 99"]
    assert report.findings.found[chain.REVOKED] == ["grubx64.efi"]
    assert report.remarks[0].startswith("grubx64.efi: grub.debian ")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 200, 400, 5000, 500_000])
def test_a_binary_that_is_cut_short_is_told_so(size: int) -> None:
    with pytest.raises(DamagedBinaryError, match=r"cut short|no EFI binary|damaged"):
        parse_efi_binary(vendors("shim")[:size])


def test_a_section_is_read_by_its_long_name() -> None:
    assert len(parse_efi_binary(vendors("shim")).section(".vendor_cert")) > 900
    assert parse_efi_binary(vendors("shim")).section(".none") == b""


@pytest.mark.parametrize(
    "lists",
    [
        b"\x00" * 27,
        struct.pack("<16sLLL", b"\x26" * 16, 20, 0, 48),
        struct.pack("<16sLLL", b"\x26" * 16, 1 << 30, 0, 48),
        struct.pack("<16sLLL", b"\x26" * 16, 28, 0, 0),
    ],
)
def test_a_damaged_list_of_a_vendor_is_refused(lists: bytes) -> None:
    binary = pe.EfiBinary(
        struct.pack("<LLLL", len(lists), 0, 16, 16 + len(lists)) + lists, 0, 0, (0, 0),
        {".vendor_cert": (0, 16 + len(lists))},
    )  # fmt: skip
    if len(lists) < shim.LIST.size:
        assert shim.read_shim(binary)
    else:
        with pytest.raises(ValueError, match="damaged"):
            shim.read_shim(binary)


@pytest.mark.parametrize("name", ["shim", "grub"])
def test_what_was_added_behind_the_signatures_is_refused(name: str) -> None:
    with pytest.raises(DamagedBinaryError, match="added behind its signatures"):
        parse_efi_binary(vendors(name) + b"more")


def test_a_certificate_that_cannot_be_read_is_a_fault_of_its_binary() -> None:
    der = chain.load_authorities()[0].public_bytes(serialization.Encoding.DER)
    country = der.index(b"\x55\x04\x06", der.index(b"\x17\x0d"))  # of the subject, which is behind the dates
    version = der.index(b"\xa0\x03\x02\x01\x02") + 4
    for place in (country + 3, version):
        damaged = der[:place] + b"\x22" + der[place + 1 :]
        with pytest.raises(ValueError, match=r"subject|version"):
            authenticode.load_certificate(damaged)


def test_sbat_data_with_a_nul_is_no_traceback() -> None:
    with suppress(ValueError):  # what Python before 3.11 makes of it
        assert shim.read_generations(b"shim,4\ngr\0ub,3") == {"shim": 4, "gr\0ub": 3}
