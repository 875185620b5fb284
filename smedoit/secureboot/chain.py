# SPDX-License-Identifier: GPL-3.0-or-later
"""The chain of Secure Boot on a medium: firmware trusts Microsoft, Microsoft signed shim, shim trusts its vendor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from smedoit.errors import Findings
from smedoit.secureboot.authenticode import BadSignatureError, EfiSignature, certificate_name, read_signatures
from smedoit.secureboot.pe import EfiBinary, parse_efi_binary
from smedoit.secureboot.shim import SBAT, Shim, describe_version, read_generations, read_shim

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

UNSIGNED = "not signed, so no machine with Secure Boot starts it"
NOT_TRUSTED = "signed by somebody whom neither shim nor the firmware trusts, so the boot ends there"
NOT_BY_MICROSOFT = "not signed by Microsoft, so no machine with Secure Boot starts it"
NO_SBAT = "without SBAT data, which shim asks of what it starts itself"
TOO_OLD = "of an SBAT generation that shim does not start any more"
REVOKED = "revoked by shim's vendor"
DAMAGED = "damaged, or no EFI binary"
RANK = ("shim", "grub", "sbat")  # of the components of SBAT that are shown first


@dataclass(frozen=True)
class SignedBinary:
    """An EFI binary of a medium: how it is called, what signed it, and what it says of itself."""

    name: str
    binary: EfiBinary
    signatures: Sequence[EfiSignature]
    shim: Shim | None
    generations: Mapping[str, int]


@dataclass
class ChainReport:
    """What was found: a line for each binary, what breaks the chain, and what is worth knowing."""

    lines: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    remarks: list[str] = field(default_factory=list)


@cache
def load_authorities() -> tuple[Certificate, ...]:
    """Return the certificates of Microsoft that firmware trusts for boot loaders of others."""
    from cryptography.x509 import load_pem_x509_certificate

    place = resources.files("smedoit.secureboot") / "authorities"
    names = sorted(entry.name for entry in place.iterdir() if entry.name.endswith(".pem"))
    return tuple(load_pem_x509_certificate((place / name).read_bytes()) for name in names)


def read_signed_binary(name: str, data: bytes) -> SignedBinary:
    """Return what there is to know of a binary. Raises ValueError for what is none, or whose signature is bad."""
    binary = parse_efi_binary(data)
    return SignedBinary(
        name, binary, read_signatures(binary), read_shim(binary), read_generations(binary.section(SBAT))
    )


def judge_chain(
    loader: str, others: Sequence[str], contents: Mapping[str, bytes], report: ChainReport, trusting: Shim | None = None
) -> Shim | None:
    """Add to a report what firmware and shim make of the binaries of one place; return the shim.

    loader    what firmware starts; "" where a shim of another place starts the others
    others    what is started by that: GRUB, and by way of it kernels
    trusting  that shim
    """
    found = {}
    for name in filter(None, [loader, *others]):
        try:
            found[name] = read_signed_binary(name, contents[name])
        except BadSignatureError as error:
            report.findings.add("signed, but not as it lies there", f"{name}: {error}")
        except (ValueError, ArithmeticError) as error:
            report.findings.add(DAMAGED, f"{name}: {error}")
    first = found.get(loader)
    shim = first.shim if first and first.shim else trusting
    for name, each in found.items():
        authority = _judge_signatures(each, None if name == loader else shim, report)
        report.lines.append(_describe_binary(each, authority))
        if shim and name != loader:
            _judge_by_shim(each, shim, report)
            if first and first.generations and not each.generations:  # a kernel, which GRUB starts, needs none
                report.findings.add(NO_SBAT, name)
    if first and not first.shim and first.signatures:
        report.remarks.append(f"{loader} is no shim: all that it starts must be signed by Microsoft itself")
    return shim


def _judge_signatures(each: SignedBinary, shim: Shim | None, report: ChainReport) -> Sequence[Certificate]:
    """Return whom the signatures of a binary lead to, of those that whoever starts it trusts."""
    anchors = [*(shim.vendor if shim else ()), *load_authorities()]
    led = [signature.leads_to(anchors) for signature in each.signatures]
    trusted = [anchor for anchor in led if anchor is not None]
    if not each.signatures:
        report.findings.add(UNSIGNED, each.name)
    elif not trusted:
        who = ", ".join(certificate_name(signature.signer) for signature in each.signatures)
        report.findings.add(NOT_TRUSTED if shim else NOT_BY_MICROSOFT, f"{each.name}: by {who}")
    elif not shim and {*trusted} == {load_authorities()[0]}:
        report.remarks.append(f"{each.name}: signed for the authority of 2011 alone, which newer machines may not know")
    return trusted


def _judge_by_shim(each: SignedBinary, shim: Shim, report: ChainReport) -> None:
    """Add what shim does not start although it is signed: revoked, or of a generation that is too old."""
    if each.binary.digest("sha256") in shim.revoked:
        report.findings.add(REVOKED, each.name)
    for component, own in sorted(each.generations.items()):
        least = shim.level.get(component, 0)
        if own < least:
            report.findings.add(TOO_OLD, f"{each.name}: {component} {own}, and shim wants {least}")
        elif own < shim.coming.get(component, 0):
            coming = shim.coming[component]
            report.remarks.append(
                f"{each.name}: {component} {own} is refused where shim's newest level, {coming}, is set"
            )


def _describe_binary(each: SignedBinary, trusted: Sequence[Certificate]) -> str:
    """Return the line of a binary: what it is, who signed it, below whom, and its SBAT generations."""
    sbat = each.binary.section(SBAT)
    version = describe_version(sbat, "shim" if each.shim else "grub") if sbat else ""
    what = f"{'shim' if each.shim else 'GRUB'} {version}" if version else ""
    signers = "; ".join(_signature_words(signature, trusted) for signature in each.signatures) or "not signed"
    known = sorted(each.generations.items(), key=lambda item: (item[0].partition(".")[0] not in RANK, item[0]))
    levels = ", ".join(f"{component} {number}" for component, number in known if component != "sbat")
    return "  ".join(filter(None, [each.name, what, signers, levels and f"SBAT {levels}"]))


def _signature_words(signature: EfiSignature, trusted: Sequence[Certificate]) -> str:
    """Return who signed, and below which trusted certificate, with its dates."""
    anchor = signature.leads_to(trusted)
    own = certificate_name(signature.signer)
    if anchor is None:
        return f"{own}, whom nobody here trusts"
    years = f"{anchor.not_valid_before_utc:%Y-%m-%d} to {anchor.not_valid_after_utc:%Y-%m-%d}"
    return f"{own}, by {certificate_name(anchor)} ({years})"


def list_efi_names(names: Sequence[str]) -> Iterator[str]:
    """Yield the names of EFI binaries among files of a tree or an image."""
    return (name for name in sorted(names) if name.lower().endswith(".efi"))
