# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place that shows product, version or label, rendered from [release]: text in, text out.

The content keeps its texts; only what names this release is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timezone

from smedoit.bootfiles.grub import find_searched_labels
from smedoit.branding import buildstamp
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import ContentError

VERSION_WORDS = r"v?\d+(?:\.\d+)*(?:[ .-]?(?:alpha|beta|rc)[ .]?\d+)?"
LABEL_VALUE = re.compile(r"(?<=LABEL=)(?!OEMDRV\b)[^\s:]+")  # OEMDRV is a driver disk's or kickstart's, never ours
MENU_WORD = re.compile(r"(?mi)^[ \t]*(?:menu\b|(?:ui|default|kernel|com32)[ \t]+(?:vesa)?menu\b)")
TITLE_LINE = re.compile(r"^[ \t]*menu[ \t]+title\b(.*)$", re.MULTILINE | re.IGNORECASE)
CPE = re.compile(r"""(?P<head>cpe:/o:[^:\s"']+:(?P<product>[^:\s"']+):)(?P<major>[0-9]{1,9})[^\s"':]*(?::[^\s"':]*)?""")
SHELL_LINE = re.compile(r"""^(?P<key>[A-Z_]+)=(?P<quote>["']?)(?P<value>.*?)(?P=quote)[ \t]*$""", re.MULTILINE)
PICTURE = "\x18"  # begins the name of a picture in a message of isolinux
EARLIER = re.compile(r"\b(?:from|since|before|after|than|until|unlike|earlier)\s+(?:the\s+)?$", re.IGNORECASE)
MENU_LINE = re.compile(r"^\s*(?:menu\s+(?:title|label)|say)\b.*$", re.MULTILINE | re.IGNORECASE)
GRUB_TITLE = re.compile(r"""^\s*(?:menuentry|submenu)\s+(?:'[^']*'|"[^"]*")""", re.MULTILINE)
COMPS_NAME = re.compile(r"<name\b[^>]*>[^<]*</name>")
PLAIN = re.compile(r"[^A-Za-z0-9#+\-.:=@_]")


def escape_label(label: str) -> str:
    """Return a label as udev names its device, and so as the boot line must spell it: blanks are \\x20."""
    return PLAIN.sub(lambda odd: "".join(f"\\x{byte:02x}" for byte in odd.group().encode()), label)


def set_shown_version(line: str, identity: ReleaseIdentity, version: str) -> str:
    """Return a title with version behind the product's name.

    A line that names two versions, or speaks of an earlier one ("upgrade from SME Server 9.2"), stays as it is.
    """
    names = "|".join(re.escape(name) for name in identity.names)
    pattern = re.compile(
        rf"(?P<name>(?:{names})(?:\s+(?:release|version))?\s+)(?P<version>{VERSION_WORDS})\b(?!['\u2019]s)",
        re.IGNORECASE,
    )
    found = list(pattern.finditer(line))
    if len({match["version"].lower() for match in found}) > 1 or any(
        EARLIER.search(line[: match.start()]) for match in found
    ):
        return line
    return pattern.sub(lambda match: match["name"] + version, line)


def render_title_text(text: str, identity: ReleaseIdentity) -> str:
    """Return a text that people read (boot.msg, help.txt) with this version in its title: the first line with letters.

    What stands below is prose, and may name older releases rightly.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if any(map(str.isalpha, line)) and PICTURE not in line:
            lines[number] = set_shown_version(line, identity, identity.title)
            break
    return "\n".join(lines)


def render_comps(text: str, identity: ReleaseIdentity) -> str:
    """Return comps.xml with this version in the names of groups, environments and categories; descriptions stay."""
    return COMPS_NAME.sub(lambda name: set_shown_version(name.group(), identity, identity.title), text)


def render_release_file(text: str, identity: ReleaseIdentity) -> str:
    """Return an /etc/*release file with this version in it; what names upstream stays."""
    lines = (set_shown_version(line, identity, identity.display) for line in text.split("\n"))
    return render_cpe("\n".join(lines), identity)


def render_isolinux_cfg(text: str, identity: ReleaseIdentity, name: str = "isolinux.cfg") -> str:
    """Return isolinux.cfg for this version, in its titles and labels, and for this volume label.

    One without a menu, which shows boot.msg and waits at a prompt, needs no title.

    Raises ContentError if the title of its menu does not name the product, or no entry finds the medium by label.
    """
    titles = TITLE_LINE.findall(text)
    named = any(product.lower() in title.lower() for title in titles for product in identity.names)
    if MENU_WORD.search(text) and not named:
        raise ContentError(
            f"{name}: no menu title names {' or '.join(identity.names)}",
            hint=f"give it a line like: menu title Welcome to {identity.product} {identity.title}",
        )
    titled = MENU_LINE.sub(lambda line: set_shown_version(line.group(), identity, identity.title), text)
    return _replace_labels(titled, identity, name)


def render_grub_cfg(text: str, identity: ReleaseIdentity, name: str = "grub.cfg") -> str:
    """Return grub.cfg for this version, in its titles, and volume label: raw where GRUB searches, else escaped."""
    titled = GRUB_TITLE.sub(lambda line: set_shown_version(line.group(), identity, identity.title), text)
    found = titled
    for word in reversed(find_searched_labels(titled)):
        found = f"{found[: word.start]}'{identity.volume}'{found[word.end :]}"
    return _replace_labels(found, identity, name)


def _replace_labels(text: str, identity: ReleaseIdentity, name: str) -> str:
    """Return text with our label in every LABEL=. Raises ContentError if there is none, or no text at all."""
    if "\0" in text:
        raise ContentError(f"{name}: is UTF-16, or no text", hint="save it as plain ASCII")
    if not LABEL_VALUE.search(text):
        raise ContentError(
            f"{name}: has no inst.stage2=hd:LABEL=…, so the installer could not find its own medium",
            hint="add it to every entry that starts the installer",
        )
    return LABEL_VALUE.sub(lambda _: escape_label(identity.volume), text)


def menu_labels(text: str) -> set[str]:
    """Return every label that a boot menu looks for, unescaped."""
    searched = {word.text for word in find_searched_labels(text)}
    return searched | {unescape_label(found.group()) for found in LABEL_VALUE.finditer(text)}


def unescape_label(label: str) -> str:
    """Return a label as it stands on the medium."""
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda code: chr(int(code.group(1), 16)), label)


def render_buildstamp(text: str, identity: ReleaseIdentity, name: str = "product/.buildstamp") -> str:
    """Return .buildstamp for this release; IsFinal follows the label.

    Raises ContentError for what the installer answers with a traceback, and without [Main].
    """
    uuid = f"{identity.date.astimezone(timezone.utc):%Y%m%d%H%M}.{identity.arch}"
    values = {"Product": identity.product, "Version": identity.display, "IsFinal": str(identity.is_final), "UUID": uuid}
    if identity.bug_url:
        values["BugURL"] = identity.bug_url
    values = {key: buildstamp.stamp_value(value, identity.built_on) for key, value in values.items()}
    if faults := buildstamp.find_stamp_faults({name: text}, values, identity.built_on):
        raise ContentError("\n  ".join(faults), hint="correct it there; the installer reads it before anything else")
    return buildstamp.set_main_keys(text, values, identity.built_on)


def set_ini_keys(text: str, section: str, values: Mapping[str, str], name: str) -> str:
    """Return an INI text with these keys set in section, in place where they stand, else at its top."""
    heading = re.search(rf"^\[{section}\][ \t\r]*$", text, re.MULTILINE)
    if not heading:
        raise ContentError(f"{name}: has no [{section}]", hint=f"start it with a line [{section}]")
    follows = re.compile(r"^\[", re.MULTILINE).search(text, heading.end())
    end = follows.start() if follows else len(text)
    body = text[heading.end() : end]
    for key, value in values.items():
        body = _set_section_key(body, key, value)
    return text[: heading.end()] + body + text[end:]


def _set_section_key(body: str, key: str, value: str) -> str:
    """Return the lines of a section with key set, whatever its case and spacing was."""
    line = re.compile(rf"^{key}[ \t]*[=:][^\r\n]*", re.MULTILINE | re.IGNORECASE)
    if line.search(body):
        return line.sub(lambda _: f"{key}={value}", body)
    return f"\n{key}={value}{body}"


def render_os_release(text: str, identity: ReleaseIdentity) -> str:
    """Return os-release: VERSION and VERSION_ID if they speak of our product, CPE and names by their rules."""
    own = {"VERSION": identity.display, "VERSION_ID": identity.version}
    named = {found.group("value").lower() for found in SHELL_LINE.finditer(text) if found.group("key") == "NAME"}
    ours = bool(named & {name.lower() for name in identity.names})

    def line(found: re.Match[str]) -> str:
        key, quote, value = found.group("key", "quote", "value")
        if key in own and (ours or re.match(rf"{identity.major}(?!\d)", value)):
            value = re.sub(rf"^{VERSION_WORDS}", lambda _: own[key], value, flags=re.IGNORECASE)
        value = set_shown_version(value, identity, identity.display)
        return f"{key}={quote}{value}{quote}"

    return render_cpe(SHELL_LINE.sub(line, text), identity)


def render_cpe(text: str, identity: ReleaseIdentity) -> str:
    """Return text with this version in every CPE name of our product, or of our major; upstream's names stay."""
    products = {re.sub(r"[^a-z0-9]+", "_", name.lower()) for name in (*identity.names, identity.short, identity.name)}
    version = f"{identity.version}:{identity.label}" if identity.label else identity.version

    def name(found: re.Match[str]) -> str:
        ours = found.group("product").lower() in products or int(found.group("major")) == identity.major
        return f"{found.group('head')}{version}" if ours else found.group()

    return CPE.sub(name, text)


def set_shell_variables(text: str, values: Mapping[str, str]) -> str:
    """Return a file of shell variables with these set, in place and quoted as they stand, else at its end."""

    def line(found: re.Match[str]) -> str:
        key, quote = found.group("key", "quote")
        return f"{key}={quote}{values[key]}{quote}" if key in values else found.group()

    present = {found.group("key") for found in SHELL_LINE.finditer(text)}
    missing = "".join(f'{key}="{value}"\n' for key, value in values.items() if key not in present)
    ended = text if not text or text.endswith("\n") or not missing else f"{text}\n"
    return SHELL_LINE.sub(line, ended) + missing
