# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign packages by rpm itself: over the header, and over header and payload, where the rpm of every base looks.

gpg makes the signatures with the release's date, as those of the checksum files, so equal packages stay equal.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.config.media import SigningSettings
from smedoit.errors import SignError
from smedoit.keys import gpg
from smedoit.runtime.process import ProgramError, run_program

PACKAGE = "rpm"
AT_ONCE = 100  # packages that one rpmsign gets


def sign_package_files(paths: Sequence[Path], signing: SigningSettings, epoch: int) -> None:
    """Sign packages in place by the key of [signing]; they must be copies of ours. Raises SignError.

    epoch  the release date; a key that is younger signs with its own day of birth
    """
    with _signing_options(signing) as options:
        when = max(epoch, gpg.key_birth(signing, options))
        for start in range(0, len(paths), AT_ONCE):
            _run_rpmsign(paths[start : start + AT_ONCE], options, when, gpg.signing_fingerprint(signing))


def find_damage(path: Path) -> str:
    """Return what is wrong with the digests of a package, whoever signed it, "" if they fit."""
    try:
        run_program(["rpmkeys", "--checksig", "--nosignature", path], package=PACKAGE)
    except ProgramError:
        return "its digests do not fit: damaged or cut short"
    return ""


@contextmanager
def _signing_options(signing: SigningSettings) -> Iterator[tuple[str, ...]]:
    """Yield the options by which gpg finds the secret key; a key file is there for the time of the block."""
    if signing.key:
        yield ()
        return
    with TemporaryDirectory(prefix="gpg") as home:  # short: the socket of the agent lies there
        options = ("--homedir", home)
        try:
            run_program(["gpg", *options, "--batch", "--quiet", "--import", signing.file], package="gnupg")
            yield options
        except ProgramError as error:
            raise SignError(f"{signing.file}: cannot be used to sign\n{error}") from None
        finally:
            run_program(["gpgconf", *options, "--kill", "all"], package="gnupg", ok_codes=range(256))


def _run_rpmsign(paths: Sequence[Path], options: Sequence[str], when: int, fingerprint: str) -> None:
    """Let rpm sign packages, by a gpg that is given its options and the date."""
    program = shutil.which("gpg") or "/usr/bin/gpg"
    words = (
        *options, "--batch", "--no-armor", "--no-tty", "--faked-system-time", f"{when}!", "--digest-algo", "sha256",
        "--local-user", fingerprint, "-sbo", "%{__signature_filename}", "%{__plaintext_filename}",
    )  # fmt: skip
    macros = {"_gpg_name": fingerprint, "__gpg": program, "__gpg_sign_cmd": f"{program} gpg {' '.join(words)}"}
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    try:
        run_program(["rpmsign", "--addsign", "--rpmv3", *defined, *paths], package=PACKAGE)
    except ProgramError as error:
        raise SignError(
            f"key {fingerprint} cannot sign packages\n{error}", hint="unlock gpg-agent first: sign any file with gpg"
        ) from None
