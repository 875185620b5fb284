# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release is called, read from what it says of itself: .buildstamp, .treeinfo, .discinfo, menus, label."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from smedoit.bases.known import USUAL
from smedoit.branding import render
from smedoit.config.identity import DATES, PRODUCT_LIMIT, WORD, ReleaseIdentity, check_volume_id, plain_label
from smedoit.config.schema import InvalidValueError
from smedoit.iso import netinstall

VERSION = re.compile(
    r"(?<![\w.])v?(?P<version>\d{1,6}(?:\.\d{1,6}){0,5})(?:[ .-]?(?P<label>(?:alpha|beta|rc)[ .]?[1-9]\d*))?\W*$", re.I
)
SHOWN = re.compile(r"^(?P<name>.*?[^\W\d].*?)\s+(?:(?:release|version)\s+)?v?\d+(?:\.\d+)*", re.I)
LEADING = re.compile(
    r"^(?:welcome to|test this media & install|install(?:ation of)?|upgrade|rescue)\s+(?:the\s+|an?\s+)?", re.I
)
MENU_TITLE = re.compile(r"^[ \t]*menu[ \t]+title[ \t]+(.*)$", re.MULTILINE | re.IGNORECASE)
MENU_LABEL = re.compile(
    r"""^[ \t]*(?:menu[ \t]+label[ \t]+(.*)|(?:menuentry|submenu)[ \t]+['"]([^'"]*)['"].*)$""", re.M | re.I
)
DEFAULT_VOLUME = "{short}-{full}-{arch}"
ARCHITECTURE = "x86_64"
NO_DATE = datetime(2000, 1, 1, tzinfo=timezone.utc)
FALLBACKS: Mapping[str, Mapping[str, object]] = {  # of keys whose value cannot be
    "bug_url": {"bug_url": ""},
    "product": {"product": "Imported release"},
    "version": {"version": "7", "major": 7, "label": ""},
    "label": {"label": ""},
    "short": {"short": "OS"},
    "name": {"name": "os"},
    "arch": {"arch": ARCHITECTURE},
    "date": {"date": NO_DATE},
    "volume_id": {"volume_id": "imported"},
}
UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class MediumTexts:
    """What a medium says of itself; "" for what it does not have.

    menus     text of isolinux.cfg and grub.cfg
    network   text of the boot menu of its network install medium
    label     the volume id
    file      the name of the ISO
    created   when the ISO was written, in seconds since 1970, 0 if it does not say
    packages  (name, version) of packages called …-release
    base      name of what it is built on
    """

    treeinfo: str = ""
    discinfo: str = ""
    buildstamp: str = ""
    menus: Sequence[str] = ()
    network: str = ""
    label: str = ""
    file: str = ""
    created: int = 0
    packages: Sequence[tuple[str, str]] = ()
    base: str = USUAL.name


@dataclass(frozen=True)
class ImportedIdentity:
    """What became of it: the keys of [release], those of other tables, and what was guessed.

    release  key of [release] -> value, but for the date where nobody says one
    urls     of [release_urls]
    network  [netinstall] keys
    spec     the package that carries the version, "" if none does
    remarks  sentences about what had to be decided
    """

    release: Mapping[str, object]
    urls: Sequence[str] = ()
    network: Mapping[str, str] = field(default_factory=dict)
    spec: str = ""
    remarks: Sequence[str] = ()


def parse_ini_text(text: str) -> dict[str, dict[str, str]]:
    """Return section -> key, in small letters -> value; nothing of a text that is no INI file."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError, AttributeError):  # it stumbles over a line that goes on from no value
        return {}
    return {name: {key: value or "" for key, value in parser[name].items()} for name in parser.sections()}


def split_version(text: str) -> tuple[str, str]:
    """Return (version, label) that a text ends with: 10.1 and rc2 for "SME Server 10.1 RC2"; "" where it has none."""
    found = VERSION.search(text.strip())
    if not found:
        return "", ""
    return found["version"], re.sub(r"[ .]", "", found["label"] or "").lower()


def identify_release(texts: MediumTexts) -> ImportedIdentity:
    """Return what a medium is called. What it does not say is guessed, and a remark says so."""
    remarks: list[str] = []
    stamp = parse_ini_text(texts.buildstamp).get("Main", {})
    info = parse_ini_text(texts.treeinfo)
    release, general = info.get("release", {}), info.get("general", {})
    disc = [*texts.discinfo.splitlines(), "", "", ""]
    titles = [_plain_title(title) for text in texts.menus for title in MENU_TITLE.findall(text)]
    version, label = _find_version(
        {".buildstamp": stamp.get("version", ""), ".discinfo": disc[1], "the boot menu": next(iter(titles), ""),
         ".treeinfo": release.get("version") or general.get("version", ""), "the label": texts.label},
        remarks,
    )  # fmt: skip
    product = _find_product(
        [stamp.get("product", ""), disc[1], release.get("name", ""), general.get("family", "")], remarks
    )
    built_for = stamp.get("uuid", "").partition(".")[2]
    arch = next(filter(WORD.fullmatch, (general.get("arch", ""), disc[2].strip(), built_for)), "")
    if not arch:
        remarks.append(f"nobody says the architecture, {ARCHITECTURE} was taken")
    labels = [texts.label, *sorted(render.menu_labels(texts.network))]
    firsts = [re.split(r"[- ]", label)[0] for label in labels]
    short = next(filter(WORD.fullmatch, (release.get("short", ""), *firsts, product.split()[0])), "OS")
    keys: dict[str, Any] = {
        "product": product,
        "aliases": _find_aliases(product, titles, texts.menus),
        "short": short,
        "name": _find_name(texts, version, short),
        "major": int(version.split(".")[0]),
        "version": version,
        "label": label,
        "arch": arch or ARCHITECTURE,
        "date": _find_date(
            [disc[0], info.get("tree", {}).get("build_timestamp", ""), general.get("timestamp", "")],
            texts.created,
            remarks,
        ),
        "bug_url": stamp.get("bugurl", ""),
    }
    if texts.base != USUAL.name:
        keys["base"] = texts.base
    identity = _accepted_identity(keys, remarks)
    usual = keys.get("volume_id", DEFAULT_VOLUME)
    keys["volume_id"] = _volume_template(texts.label, identity, "volume_id", usual, remarks)
    urls, network = _find_network(texts.network, identity, remarks)
    return ImportedIdentity(keys, urls, network, _find_spec(texts.packages, version), remarks)


def _find_version(said: Mapping[str, str], remarks: list[str]) -> tuple[str, str]:
    """Return version and label by the first who names one, and a remark about whoever names another."""
    found = {who: split_version(text) for who, text in said.items() if split_version(text)[0]}
    if not found:
        remarks.append("nobody says the version, 7 was taken: correct [release] version and major")
        return "7", ""
    first, (version, label) = next(iter(found.items()))
    for who, (other, _) in found.items():
        if not (other == version or version.startswith(f"{other}.")):
            remarks.append(f"{who} says version {other}, {first} says {version}, which was taken")
    return version, label


def _find_product(said: Iterable[str], remarks: list[str]) -> str:
    """Return the first name that can be one, without the version behind it."""
    names = [
        re.sub(r"[-\s]+$", "", text[: found.start()] if (found := VERSION.search(text.strip())) else text)
        for text in said
    ]
    for name in names:
        name = " ".join(name.split())
        if any(map(str.isalpha, name)) and len(name) <= PRODUCT_LIMIT:
            if _is_product(name):
                return name
            remarks.append(f"the product {name!r} cannot be one: it needs ASCII without '%'")
    remarks.append("nobody says a product that could be used: correct [release] product")
    return "Imported release"


def _is_product(name: str) -> bool:
    """Return whether [release] product takes a name."""
    return name.isascii() and name.isprintable() and "%" not in name and not re.search(r"(^|\s);", name)


def _plain_title(title: str) -> str:
    """Return a title or label of a menu without marks of hot keys, and on one line."""
    return UNSEEN.sub("", title.replace("^", "")).strip()


def _find_aliases(product: str, titles: Sequence[str], menus: Sequence[str]) -> list[str]:
    """Return the other names that stand before a version in menus; the title's, if it names none of them."""
    lines = [*titles, *(_plain_title(one or other) for text in menus for one, other in MENU_LABEL.findall(text))]
    names = [LEADING.sub("", found["name"]).strip() for line in lines if (found := SHOWN.search(line))]
    aliases = [name for name in dict.fromkeys(names) if name and name.lower() != product.lower()]
    known = [product, *aliases]
    if titles and not any(name.lower() in title.lower() for title in titles for name in known):
        aliases.append(LEADING.sub("", titles[0]))
    return [name for name in aliases if name and name.isprintable()]


def _find_name(texts: MediumTexts, version: str, short: str) -> str:
    """Return the first word of published files: of the ISO's name, of the package that carries the version."""
    found = re.match(r"([A-Za-z0-9][A-Za-z0-9_.]*?)-\d", texts.file)
    if found:
        return found.group(1)
    return _find_spec(texts.packages, version).removesuffix("-release") or short.lower()


def _find_spec(packages: Iterable[tuple[str, str]], version: str) -> str:
    """Return the package that carries the version, "" if none does."""
    found = sorted(name for name, packaged in packages if name.endswith("-release") and packaged == version)
    return found[0] if len(found) == 1 else ""


def _find_date(said: Iterable[str], created: int, remarks: list[str]) -> datetime:
    """Return the first time that somebody names, in seconds since 1970; else when the medium was written."""
    numbers = [int(found.group(1)) for text in said if (found := re.match(r"\s*(\d{1,12})(?:\.\d*)?\s*$", text))]
    for seconds in (*numbers, created):
        if seconds in DATES:
            return datetime.fromtimestamp(seconds, timezone.utc)
    remarks.append(f"nobody says when it was made, {NO_DATE:%Y-%m-%d} or the last signature was taken")
    return NO_DATE


def _accepted_identity(keys: dict[str, Any], remarks: list[str]) -> ReleaseIdentity:
    """Return the identity of keys; one that cannot be is replaced in them, and told."""
    for _ in FALLBACKS:
        try:
            return ReleaseIdentity(**{**keys, "aliases": tuple(keys["aliases"])})
        except InvalidValueError as error:
            remarks.append(f"[release] {error.key} cannot be {keys.get(error.key, '')!r}: {error}")
            keys |= FALLBACKS[error.key]
    return ReleaseIdentity(**{**keys, "aliases": tuple(keys["aliases"])})


def _volume_template(label: str, identity: ReleaseIdentity, key: str, default: str, remarks: list[str]) -> str:
    """Return a volume id with placeholders for what changes with each release."""
    usual = identity.filled_label(default, key)
    if not label or usual == label:
        return default
    try:
        check_volume_id(label, key, base=identity.built_on)
    except InvalidValueError:
        remarks.append(f"the label {label!r} cannot be one here, {usual} is used")
        return default
    text = label
    for word, placeholder in ((identity.full, "{full}"), (identity.arch, "{arch}"), (identity.short, "{short}")):
        word = plain_label(word, identity.built_on)
        text = re.sub(rf"(?<![\w{{]){re.escape(word)}(?![\w}}])", placeholder, text)
    return text


def _find_network(menu: str, identity: ReleaseIdentity, remarks: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the base URLs, and the keys of [netinstall], by the menu of a network install medium."""
    if not menu:
        return [], {}
    keys: dict[str, str] = {}
    labels = sorted(render.menu_labels(menu))
    if len(labels) == 1:
        template = _volume_template(labels[0], identity, "volume_id", "{short}-{full}-net", remarks)
        if template != "{short}-{full}-net":
            keys["volume_id"] = template
    addresses = sorted(netinstall.install_urls(menu) - {""})
    if len(addresses) != 1:
        remarks.append(
            f"the network install menu names {len(addresses)} addresses to install from; set [release_urls] urls"
        )
        return [], keys
    ending = f"/smeos/{identity.arch}"
    if not addresses[0].rstrip("/").endswith(ending):
        return [], {**keys, "url": addresses[0]}
    base = addresses[0].rstrip("/").removesuffix(ending)
    return [base.removesuffix(identity.place) + "{place}" if base.endswith(f"/{identity.place}") else base], keys


def menu_addresses(menus: Iterable[str]) -> Iterator[str]:
    """Yield every address that boot menus install from."""
    for menu in menus:
        yield from netinstall.install_urls(menu) - {""}
