# SPDX-License-Identifier: GPL-3.0-or-later
"""Which product or profile anaconda would take its configuration from, decided as it decides, and what that says.

Source: pyanaconda/core/configuration/anaconda.py, product.py and profile.py, core/util.py (get_os_release_value) of
anaconda 33.16.10.5, 34.25.7.19 and 40.22.3.57
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.branding.buildstamp import read_stamp_values
from smedoit.branding.python3_ini import IniFile, IniValue, fill_python3_references, parse_python3_ini
from smedoit.installer.configuration_tables import stock_files
from smedoit.installer.configuration_values import merged_values, missing_keys, unknown_keys, value_faults

TOP = "etc/anaconda"
MAIN, EVERYWHERE = f"{TOP}/anaconda.conf", f"{TOP}/conf.d"
OS_RELEASES = ("etc/os-release", "usr/lib/os-release")  # the first one that says a name counts
Key = tuple[str, ...]
# Sections that say for whom a file is -> their keys
IDENTITY: Mapping[Configuration, Mapping[str, tuple[str, ...]]] = {
    Configuration.INSTALL_CLASSES: {},
    Configuration.PRODUCTS: {
        "Product": ("product_name", "variant_name"),
        "Base Product": ("product_name", "variant_name"),
    },
    Configuration.PROFILES: {"Profile": ("profile_id", "base_profile"), "Profile Detection": ("os_id", "variant_id")},
}
EFI_DIR, SOURCE, HIDING = ("Bootloader", "efi_dir"), ("Payload", "default_source"), ("Bootloader", "menu_auto_hide")
SHOWN = 60  # characters of a name in a sentence
TRUE = ("1", "yes", "true", "on")
STOPS, BY_NAME = "does not start", "by NAME of os-release"  # in what is said of a miss
ENDS, SKIPPED = "ends the installer", "makes the installer pass over the whole file"  # what a bad file does
# A value as a shell reads it; source: os-release(5)
WHOLE_VALUE = re.compile(r"""(?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*""")


@dataclass(frozen=True)
class ConfigurationFile:
    """A file of product.d or profile.d.

    key         what it is for: product and variant, or the ID of the profile
    based_on    the key of its base; empty for none
    matches     ID and VARIANT_ID of os-release that a profile is detected by
    is_ours     whether the overlay brings it
    is_certain  whether the runtime has it, as far as anybody has seen
    """

    path: str
    read: IniFile
    key: Key
    based_on: Key
    matches: Key = ()
    is_ours: bool = True
    is_certain: bool = True

    @property
    def shown(self) -> str:
        """What it is for, as a sentence names it."""
        return " ".join(filter(None, self.key))[:SHOWN]


@dataclass
class ConfigurationChoice:
    """What anaconda would choose.

    chain    the files in the order in which they are read: the base first; empty where none counts
    is_open  whether a file of the runtime counts, and nobody knows which
    values   (section, key) -> what counts in the end, and the file that says so
    faults   what is wrong, as sentences that begin with a path in the installer
    remarks  what somebody should look at
    """

    chain: tuple[ConfigurationFile, ...] = ()
    is_open: bool = False
    values: dict[tuple[str, str], tuple[IniValue, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def choose_configuration(texts: Mapping[str, str], base: Base) -> ConfigurationChoice:
    """Return what the installer of a base would take its configuration from, and what is wrong with that.

    texts  path in the installer -> text, of the overlay's etc/anaconda, .buildstamp and os-release
    """
    choice = ConfigurationChoice()
    chooser = _Chooser(texts, base, choice)
    chooser.read_directory()
    everywhere = [*chooser.read_own(EVERYWHERE, ENDS)]
    main = texts.get(MAIN)
    if main is None:
        defaults = parse_python3_ini(stock_files(base.anaconda)["anaconda.conf"].text, base.python.version)
    else:
        defaults = chooser.parse_own(MAIN, main, ENDS)
        choice.faults += [f"{MAIN}: lacks {key}, which {ENDS}" for key in missing_keys(defaults, base)[:3]]
    says = merged_values(iter([read for _, read in everywhere]))
    chooser.choose(says)
    for path, read in ((MAIN, defaults), *((each.path, each.read) for each in choice.chain), *everywhere):
        choice.values |= {key: (value, path) for key, value in merged_values(iter([read])).items()}
    _tell_values(choice)
    choice.faults += [*_platform_faults(texts, base), *_quote_faults(texts)]
    return choice


def os_release_value(texts: Mapping[str, str], name: str) -> str | None:
    """Return a value of the overlay's os-release as anaconda reads it, None where the runtime's own would say it."""
    for path in OS_RELEASES:
        for line in texts.get(path, "").splitlines():
            if line.startswith(f"{name}="):
                return line[len(name) + 1 :].strip().strip("\"'")
    return None


def _platform_faults(texts: Mapping[str, str], base: Base) -> Iterator[str]:
    """Yield what is wrong with PLATFORM_ID, by which dnf chooses module streams."""
    path = next((path for path in OS_RELEASES if path in texts), "")
    said = os_release_value(texts, "PLATFORM_ID")
    if path and base.platform and said != base.platform:
        has = "has no PLATFORM_ID" if said is None else f"says PLATFORM_ID={said[:60]}"
        wanted = f'PLATFORM_ID="{base.platform}"'
        yield f"{path}: {has}, so the installer would see no package of any module stream; write {wanted}"


def _quote_faults(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of os-release with a quote that does not end; anaconda passes over it, others do not."""
    for path in OS_RELEASES:
        for number, line in enumerate(texts.get(path, "").split("\n"), 1):
            if not line.lstrip().startswith("#") and not WHOLE_VALUE.fullmatch(line):
                yield (
                    f"{path}, line {number}: a quote of {line.strip()[:SHOWN]} does not end, so shells stop here, and"
                    " systemd takes what follows for its value"
                )


def _tell_values(choice: ConfigurationChoice) -> None:
    """Note what is odd about the values that count in the end."""
    value, path = choice.values.get(SOURCE, (IniValue("", 0), ""))
    if value.text == "CDN":
        choice.remarks.append(f"{path}: default_source is Red Hat's CDN; write CLOSEST_MIRROR in [Payload]")
    value, path = choice.values.get(HIDING, (IniValue("", 0), ""))
    if value.text.lower() in TRUE:
        choice.remarks.append(f"{path}: menu_auto_hide hides the boot menu of the installed system")


def efi_dir_fault(choice: ConfigurationChoice, shipped: frozenset[str], base: Base) -> str:
    """Return why the installed system's loader would not be found, "" if it would, or nobody can tell.

    shipped  the directories in EFI of the medium's shim and GRUB; none if they are not known
    """
    value, path = choice.values.get(EFI_DIR, (IniValue("", 0), ""))
    known = {name.lower() for name in shipped or _distributors_directories(base)}  # a FAT knows no case
    is_missed = path == MAIN and (choice.is_open or choice.faults)  # which is told already, or cannot be known
    if is_missed or value.text.lower() in known:
        return ""
    has = f"shim and GRUB of the medium have EFI/{', EFI/'.join(sorted(shipped))}" if shipped else "no shim has one"
    return f'{path}: efi_dir is "{value.text[:60]}", but {has}: the installed system would not start under UEFI'


def _distributors_directories(base: Base) -> set[str]:
    """Return the directories in EFI that the runtime's own files know of."""
    found = (parse_python3_ini(stock.text, base.python.version) for stock in stock_files(base.anaconda).values())
    values = (read.values_of(EFI_DIR[0]).get(EFI_DIR[1]) for read in found)
    return {value.text for value in values if value} - {"default"}


class _Chooser:
    """Reads the files, and chooses among them."""

    def __init__(self, texts: Mapping[str, str], base: Base, choice: ConfigurationChoice) -> None:
        self.texts, self.base, self.choice = texts, base, choice
        self.directory = f"{TOP}/{base.configuration.value}"
        self.identity = IDENTITY[base.configuration]
        self.is_profile = base.configuration is Configuration.PROFILES
        self.files: dict[Key, ConfigurationFile] = {}

    def parse_own(self, path: str, text: str, end: str) -> IniFile:
        """Return a file of the overlay, its faults noted."""
        read = parse_python3_ini(text, self.base.python.version)
        self.choice.faults += [f"{path}, line {line}: {reason}; this {end}" for line, reason in read.faults]
        self.choice.faults += [f"{path}, line {line}: {reason}" for line, reason in value_faults(read, self.base)]
        own = self.identity if path.startswith(f"{self.directory}/") else {}
        self.choice.remarks += [f"{path}, line {line}: {said}" for line, said in unknown_keys(read, self.base, own)]
        return read

    def read_own(self, directory: str, end: str) -> Iterator[tuple[str, IniFile]]:
        """Yield the files of a directory of the overlay that are read, in their order.

        end  what one does that cannot be read
        """
        for path in sorted(path for path in self.texts if path.startswith(f"{directory}/")):
            name, _, below = path.removeprefix(f"{directory}/").partition("/")
            is_read = name.endswith(".conf")
            if is_read and not below:
                yield path, self.parse_own(path, self.texts[path], end)
            elif is_read:
                place = f"{PurePosixPath(directory).name}/{name}"
                self.choice.faults.append(f"{path}: the installer opens {place}, a directory, as a file; this {end}")
            elif not PurePosixPath(path).name.upper().startswith("README"):
                why = f"it lies in a directory of {directory}" if below else "its name does not end in .conf"
                self.choice.remarks.append(f"{path}: nobody reads it, for {why}")

    def read_directory(self) -> None:
        """Read the runtime's files and ours, which replace those of the same name, as anaconda loads them."""
        found: list[ConfigurationFile] = []
        ours = dict(self.read_own(self.directory, SKIPPED))
        for name, stock in stock_files(self.base.anaconda).items():
            path = f"{TOP}/{name}"
            if path.startswith(f"{self.directory}/") and path not in ours:
                read = parse_python3_ini(stock.text, self.base.python.version)
                found += self._identify(path, read, is_ours=False, is_certain=stock.is_certain)
        for path, read in ours.items():
            if not read.faults:
                found += self._identify(path, read, is_ours=True, is_certain=True)
        for each in sorted(found, key=lambda each: each.path):
            other = self.files.setdefault(each.key, each)
            if other is not each:
                self._tell_duplicate(other, each)

    def _identify(self, path: str, read: IniFile, *, is_ours: bool, is_certain: bool) -> Iterator[ConfigurationFile]:
        """Yield a file with what it is for; nothing for one that anaconda passes over."""
        names: list[Key] = []
        for section, keys in self.identity.items():
            values = {key: value.text for key, value in read.values_of(section).items()}
            try:
                names.append(tuple(fill_python3_references(values.get(key, ""), values) for key in keys))
            except ValueError as error:
                self.choice.faults.append(f"{path}: [{section}] {error}; the installer passes over the whole file")
                return
        first, second = names
        section, keys = next(iter(self.identity.items()))
        if not first[0]:
            near = get_close_matches(section, [name[:SHOWN] for name in read.sections][:SHOWN], 1, 0.7)
            hint = f"; did you mean [{section}] by [{near[0]}]?" if near and near[0] != section else ""
            self.choice.faults.append(
                f"{path}: says no {keys[0]} in [{section}], so the installer passes over the whole file{hint}"
            )
        elif self.is_profile:
            yield ConfigurationFile(path, read, first[:1], first[1:] if first[1] else (), second, is_ours, is_certain)
        else:
            yield ConfigurationFile(path, read, first, second if second[0] else (), (), is_ours, is_certain)

    def _tell_duplicate(self, taken: ConfigurationFile, skipped: ConfigurationFile) -> None:
        """Note two files for the same product or profile: the one that is loaded second is passed over."""
        ours = skipped if skipped.is_ours else taken
        other = taken if ours is skipped else skipped
        if not ours.is_ours:
            return
        instead = f"; call it {PurePosixPath(other.path).name} to replace that" if not other.is_ours else ""
        if not self.is_profile:
            said = f"{ours.path}: is for {ours.shown}, as {other.path}, and which of them counts is chance{instead}"
            (self.choice.faults if other.is_certain else self.choice.remarks).append(said)
            self.files[ours.key] = ours
        elif ours is skipped:
            self.choice.faults.append(
                f"{ours.path}: has profile_id {ours.shown}, as {other.path}, which is read first, so it counts for"
                f" nothing{instead}"
            )
        else:
            self.choice.remarks.append(
                f"{other.path}: counts for nothing, as {ours.path} has its profile_id {ours.shown}"
            )

    def bases_of(self, key: Key) -> tuple[ConfigurationFile, ...]:
        """Return a file and what it is based on, the base first; nothing where that leads nowhere."""
        found: list[ConfigurationFile] = []
        while key:
            each = self.files.get(key)
            if each is None or each in found:
                return ()
            found.append(each)
            key = each.based_on
        return tuple(reversed(found))

    def _tell_bases(self) -> None:
        """Note our files whose base there is not, or goes in a circle."""
        for each in self.files.values():
            if each.is_ours and not self.bases_of(each.key):
                wanted = " ".join(filter(None, each.based_on))[:SHOWN]
                near = get_close_matches(wanted, [other.shown[:SHOWN] for other in self.files.values()], 1, 0.6)
                hint = f"; did you mean {near[0]}?" if near and near[0] != wanted else ""
                self.choice.faults.append(
                    f"{each.path}: is based on {wanted}, which leads to no configuration that there is, so the file"
                    f" counts for nothing{hint}"
                )

    def choose(self, says: Mapping[tuple[str, str], IniValue]) -> None:
        """Note the files that count, and what is wrong with that.

        says  what etc/anaconda/conf.d of the overlay says, whatever is chosen
        """
        self._tell_bases()
        key, miss = self._detect_profile() if self.is_profile else self._match_product()
        self.choice.chain = self.bases_of(key) if key else ()
        ours = [each for each in self.files.values() if each.is_ours]
        used = [each for each in self.choice.chain if each.is_ours]
        if miss and not used:
            wanted = (EFI_DIR,) if self.is_profile else (EFI_DIR, SOURCE)
            is_carried = STOPS not in miss and (all(key in says for key in wanted) or BY_NAME in miss)
            where = f"{ours[0].path}: is for {ours[0].shown}" if ours else f"{self.directory}: has no file of ours"
            (self.choice.remarks if is_carried and not ours else self.choice.faults).append(f"{where}; {miss}")
        elif ours and not used:
            taken = self.choice.chain[-1].path
            said = f"{ours[0].path}: is for {ours[0].shown}, and the installer takes {taken} for this one"
            self.choice.faults.append(said)
        elif self.choice.chain and not used:
            self.choice.remarks.append(f"{self.choice.chain[-1].path}: is upstream's, and decides for this product")
        if used:
            others = [each for each in ours if each not in used]
            self.choice.remarks += [f"{each.path}: is for {each.shown}, and not for this product" for each in others]
        doubtful = [each for each in self.choice.chain if not each.is_certain]
        self.choice.remarks += [f"{each.path}: may be in the runtime, nobody has seen it" for each in doubtful]

    def _match_product(self) -> tuple[Key, str]:
        """Return the key of the product that counts, and what it means if it is not .buildstamp's."""
        stamps = {path: self.texts[path] for path in self.base.stamp.places if path in self.texts}
        values = read_stamp_values(stamps, self.base)
        product, variant = values.get("product", ""), values.get("variant", "")
        for key in ((product, variant), (product, "")):
            if self.bases_of(key):
                return key, ""
        start = f"nothing in {self.directory} is for {product!r}, which .buildstamp says, so the installer"
        if self.base.unmatched:
            key = (self.base.unmatched, "")
            return key, f"{start} takes what {key[0]} has: its CDN as source, its subscriptions, efi_dir redhat"
        name = os_release_value(self.texts, "NAME")
        if name is None:
            self.choice.is_open = True
            return (), f"{start} takes what the distributor of its runtime has, {BY_NAME}"
        if self.bases_of((name, "")):
            return (name, ""), f"{start} takes what {name} has, {BY_NAME}"
        return (), f"{start} {STOPS}; NAME of os-release, {name!r}, leads to none either"

    def _detect_profile(self) -> tuple[Key, str]:
        """Return the key of the profile that counts, and what it means if there is none."""
        detected: dict[Key, Key] = {}
        for each in sorted(self.files.values(), key=lambda each: each.path):
            if any(each.matches):
                other = self.files.get(detected.get(each.matches, ()))
                if other and (other.is_ours or each.is_ours):
                    self.choice.remarks.append(f"{each.path}: takes the place of {other.path}, for it is read later")
                detected[each.matches] = each.key
        name, variant = os_release_value(self.texts, "ID"), os_release_value(self.texts, "VARIANT_ID")
        if name is None:
            return self._guess_profile(detected)
        key = detected.get((name, variant or "")) or detected.get((name, "")) or ()
        if key and not self.bases_of(key):
            return (), f"the installer {STOPS}: {self.files[key].path} counts, and its base leads nowhere"
        start = f"nothing in {self.directory} is for ID={name} of os-release"
        return key, "" if key else f'{start}, so the installer has no profile at all: efi_dir "default"'

    def _guess_profile(self, detected: Mapping[Key, Key]) -> tuple[Key, str]:
        """Return what counts where the runtime's own os-release says ID: one of ours that is for a distributor's."""
        stock = {each.matches[0] for each in self._stock_profiles()}
        for matches, key in detected.items():
            if matches[0] in stock and self.files[key].is_ours:
                self.choice.remarks.append(
                    f"{self.files[key].path}: counts where the runtime's own os-release says ID={matches[0]}"
                )
                return key, ""
        self.choice.is_open = True
        ours = [each for each in self.files.values() if each.is_ours]
        if not ours:
            return (), ""
        return (), (
            "the overlay has no os-release with that ID, so the installer takes what the distributor of its runtime has"
        )

    def _stock_profiles(self) -> Iterator[ConfigurationFile]:
        """Yield the runtime's own profiles."""
        for name, stock in stock_files(self.base.anaconda).items():
            if f"{TOP}/{name}".startswith(f"{self.directory}/"):
                read = parse_python3_ini(stock.text, self.base.python.version)
                yield from self._identify(f"{TOP}/{name}", read, is_ours=False, is_certain=stock.is_certain)
