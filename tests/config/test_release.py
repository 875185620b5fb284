# SPDX-License-Identifier: GPL-3.0-or-later
"""test_release"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.config import release, tables
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.release import Release
from smedoit.engine import task
from smedoit.errors import ConfigError
from tests.harness.nouns import identity

SAMPLE = Path(__file__).parents[2] / "release.toml"
SMALLEST = """\
[release]
product = "Koozali SME Server"
short = "SME"
name = "smeserver"
major = 10
version = "10.1"
arch = "x86_64"
date = 2026-11-01T12:00:00Z
[[tiers]]
name = "smeos"
path = "smeos"
[[keys]]
file = "key"
fingerprint = "48b7bc187a21c87aca69dfe167f25a768b63564a"
[content]
path = "content"
[boot_set]
path = "boot"
[translations]
path = "po"
"""


def load(directory: Path, text: str) -> Release:
    file = directory / "release.toml"
    file.write_text(text, encoding="utf-8")
    return release.load_release(file)


def changed(old: str, new: str, text: str = SMALLEST) -> str:
    assert old in text
    return text.replace(old, new, 1)


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(directory, text)
    return str(caught.value)


# What a good file means


def test_the_projects_own_file_loads() -> None:
    assert release.load_release(SAMPLE).release.product == "Koozali SME Server"


def test_a_file_with_what_must_be_said_and_no_more_loads(tmp_path: Path) -> None:
    assert load(tmp_path, SMALLEST).release.is_final


def test_root_starts_at_the_file_and_all_other_paths_at_root(tmp_path: Path) -> None:
    rel = load(tmp_path, SMALLEST)
    root = tmp_path / "build"
    assert (rel.root, rel.tiers[0].path, rel.keys[0].file) == (root, root / "smeos", root / "key")
    assert (rel.content.path, rel.boot_set.path, rel.translations.path) == (
        root / "content",
        root / "boot",
        root / "po",
    )
    assert rel.groups.comps == root / "content/Packages/base/comps.xml"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    rel = load(tmp_path, changed('path = "smeos"', 'path = "/srv/smeos"') + '[paths]\nroot = "/build/smeserver"\n')
    assert (rel.root, rel.tiers[0].path) == (Path("/build/smeserver"), Path("/srv/smeos"))


def test_places_follow_the_wikis_shapes(tmp_path: Path) -> None:
    rel = load(tmp_path, changed('arch = "x86_64"', 'arch = "x86_64"\nlabel = "rc2"'))
    assert rel.tree == rel.root / "stage/10.1.rc2/x86_64"
    assert rel.iso == rel.root / "stage/iso/10/x86_64/smeserver-10.1.rc2-x86_64.iso"
    assert rel.logs == rel.root / "stage/10.1.rc2/logs"
    assert rel.lock.parent == rel.root / "stage/10.1.rc2/.smedoit"


def test_the_environment_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(SMALLEST, encoding="utf-8")
    monkeypatch.setenv("SMEDOIT_RELEASE", str(tmp_path / "mine.toml"))
    assert release.load_release().file == tmp_path / "mine.toml"


def test_without_another_word_it_is_the_file_in_this_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMEDOIT_RELEASE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert load(tmp_path, SMALLEST).file == release.load_release().file


def test_nothing_of_a_release_can_be_changed(tmp_path: Path) -> None:
    rel = load(tmp_path, SMALLEST + "[packages]\nseveral = { kernel = 2 }\n")
    with pytest.raises(AttributeError):
        rel.release.version = "11"  # type: ignore[misc]
    with pytest.raises(TypeError):
        rel.packages.several["kernel"] = 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("written", "epoch"),
    [
        ("2026-11-01T12:00:00Z", 1793534400),
        ("2026-11-01T13:00:00+01:00", 1793534400),
        ("2026-11-01T12:00:00", 1793534400),
        ("2026-11-01", 1793491200),
    ],
)
def test_a_date_means_one_moment_whatever_the_builders_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, epoch: int
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert load(tmp_path, changed("2026-11-01T12:00:00Z", written)).release.epoch == epoch


@pytest.mark.parametrize(
    ("file", "pins"),
    [
        ("release.toml", "boot_set.sha256"),
        ("release-11.toml", "boot_set-11.sha256"),
        ("el8.toml", "boot_set-el8.sha256"),
        ("releases.toml", "boot_set-releases.sha256"),
    ],
)
def test_of_several_files_side_by_side_each_has_the_root_and_the_cache_in_common_and_pins_of_its_own(
    tmp_path: Path, file: str, pins: str
) -> None:
    (tmp_path / file).write_text(SMALLEST, encoding="utf-8")
    rel = release.load_release(tmp_path / file)
    assert (rel.root, rel.cache, rel.pins) == (
        tmp_path / "build",
        tmp_path / "build/stage/.smedoit",
        tmp_path / pins,
    )


def test_a_file_named_on_the_command_line_is_sought_where_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMEDOIT_RELEASE", "/nowhere/release.toml")
    assert task.named_release() == Path("/nowhere/release.toml")
    monkeypatch.setattr(task, "get_var", {"release": "el8.toml"}.get)
    monkeypatch.setattr(task, "get_initial_workdir", lambda: str(tmp_path))
    assert task.named_release() == tmp_path / "el8.toml"
    (tmp_path / "el8.toml").write_text(SMALLEST, encoding="utf-8")
    assert task.current_settings().file == tmp_path / "el8.toml"


# The names of a release


@pytest.mark.parametrize(
    ("label", "full", "display", "title"),
    [
        ("", "10.1", "10.1", "10.1"),
        ("rc2", "10.1.rc2", "10.1rc2", "10.1 RC2"),
        ("alpha5", "10.1.alpha5", "10.1alpha5", "10.1 ALPHA5"),
        ("beta10", "10.1.beta10", "10.1beta10", "10.1 BETA10"),
    ],
)
def test_each_place_spells_the_version_its_own_way(label: str, full: str, display: str, title: str) -> None:
    one = identity(label=label)
    assert (one.full, one.display, one.title) == (full, display, title)


def test_only_a_release_without_label_is_final() -> None:
    assert [identity(label=label).is_final for label in ("", "alpha1", "beta1", "rc1")] == [True, False, False, False]


def test_the_longest_name_comes_first() -> None:
    assert identity(aliases=("SME", "SME Server")).names == ("Koozali SME Server", "SME Server", "SME")


@pytest.mark.parametrize("firmware", [(), ("bios", "bios"), ("efi",), ("bios", "uefi", "coreboot")])
def test_firmware_is_bios_uefi_or_both(firmware: tuple[str, ...]) -> None:
    for good in (("bios",), ("uefi",), ("bios", "uefi"), ("uefi", "bios")):
        assert identity(firmware=good).firmware == good
    with pytest.raises(ValueError, match=re.escape('use ["bios"], ["uefi"] or ["bios", "uefi"]')):
        identity(firmware=firmware)


def test_a_volume_id_fills_in_all_placeholders() -> None:
    one = identity(volume_id="{short} {name} {major} {version} {arch}")
    assert one.volume == "SME smeserver 10 10.1 x86_64"


def test_a_volume_id_of_32_characters_is_good_and_of_33_is_not() -> None:
    assert len(identity(volume_id="x" * 32).volume) == 32
    with pytest.raises(ValueError, match="has 33 characters"):
        identity(volume_id="x" * 33)


@pytest.mark.parametrize(("base", "volume"), [("el7", "SME-10.1.rc2-x86_64"), ("el8", "SME-10-1-rc2-x86_64")])
def test_what_placeholders_stand_for_is_spelled_as_labels_of_the_base_are(base: str, volume: str) -> None:
    assert identity(base=base).volume == volume
    assert identity(base=base, volume_id="{short}-{full}-{arch}").volume == volume


@pytest.mark.parametrize("base", ["el8", "el9", "el10"])
@pytest.mark.parametrize(("volume_id", "plain"), [("SME 11.0", "SME-11-0"), ("SME.{major}", "SME-10")])
def test_a_label_with_letters_that_the_base_has_not_is_refused_with_the_one_to_write(
    base: str, volume_id: str, plain: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"has others: write '{plain}'")):
        identity(base=base, volume_id=volume_id)
    assert identity(volume_id=volume_id).volume == volume_id.format(major=10)


@given(st.text(max_size=40))
def test_a_volume_id_is_refused_or_one_that_every_boot_loader_carries(volume_id: str) -> None:
    try:
        volume = identity(volume_id=volume_id).volume
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9 ._-]{1,32}", volume)


@given(st.text(alphabet="0123456789.abcrtα１", max_size=12), st.text(alphabet="alphbetrc0123456789１", max_size=8))
def test_a_version_is_refused_or_spelled_in_ascii(version: str, label: str) -> None:
    try:
        one = identity(version=version, label=label)
    except ValueError:
        return
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)*((alpha|beta|rc)[1-9][0-9]*)?", one.display)


# What is refused, and in which words

KEY = '[[keys]]\nfile = "{}"\nfingerprint = "{}"\n'
REFUSED = {
    "an unknown key names the nearest": ('short = "SME"', 'short = "SME"\nbugurl = ""', "did you mean bug_url?"),
    "an unknown key near none lists all": (
        'file = "key"', 'file = "key"\nxyzzy = 1', "it knows expired_reason, file, "
    ),
    "an unknown table": ("[content]", "[contents]", r"\[contents\]: there is no such table.*did you mean \[content\]"),
    "an unknown key of a tier": ('path = "smeos"', 'path = "smeos"\nstaged = true', r"\[\[tiers\]\] smeos has no key"),
    "an absent key": ('short = "SME"\n', "", r"\[release\] does not say its short"),
    "an absent table": ('[translations]\npath = "po"\n', "", r"no table \[translations\]"),
    "a number for a string": ('short = "SME"', "short = 5", r"\[release\] short = 5 is not a string"),
    "a string for a number": ("major = 10", 'major = "10"', r'major = "10" is not a whole number'),
    "true for a number": ("major = 10", "major = true", "major = true is not a whole number"),
    "a fraction for a number": ("major = 10", "major = 10.0", "major = 10.0 is not a whole number"),
    "a string for true": ('path = "smeos"', 'path = "smeos"\nstage = "no"', 'stage = "no" is not true or false'),
    "a string for a list": ('short = "SME"', 'short = "SME"\naliases = "SME"', 'aliases = "SME" is not a list'),
    "a number in a list": ('short = "SME"', 'short = "SME"\naliases = [5]', "aliases = 5 is not a string"),
    "a string for a table": ('[content]\npath = "content"\n', "", "there is no table"),
    "a string for a date": ("2026-11-01T12:00:00Z", '"2026-11-01"', "is not a date.*without quotes"),
    "a time for a date": ("2026-11-01T12:00:00Z", "12:00:00", "is not a date"),
    "a date before FAT": ("2026-11-01T12:00:00Z", "1979-12-31", "between 1980 and 2100"),
    "a date in a far future": ("2026-11-01T12:00:00Z", "2101-01-01", "between 1980 and 2100"),
    "the first date that there is": ("2026-11-01T12:00:00Z", "0001-01-01T00:00:00+01:00", "date"),
    "the last date that there is": ("2026-11-01T12:00:00Z", "9999-12-31T23:59:59-01:00", "date"),
    "a version of another major": ('version = "10.1"', 'version = "11.0"', "does not belong to major 10"),
    "a version with a label in it": ('version = "10.1"', 'version = "10.1rc2"', "digits and dots, like 10.1"),
    "a version of foreign digits": ('version = "10.1"', 'version = "１０.1"', "digits and dots, like 10.1"),
    "a label of its own": ('short = "SME"', 'short = "SME"\nlabel = "gamma1"', "alpha, beta or rc and a number"),
    "a label without number": ('short = "SME"', 'short = "SME"\nlabel = "rc"', "alpha, beta or rc and a number"),
    "a blank product": ('product = "Koozali SME Server"', 'product = " "', "needs a name"),
    "a product of two lines": ('product = "Koozali SME Server"', 'product = "Koozali\\nServer"', "product"),
    "a product that .buildstamp cannot carry": ('product = "Koozali', 'product = "Koozali %(s)s', "product"),
    "a product that .treeinfo would expand": ('product = "Koozali', 'product = "Koozali 100%', "without '%'"),
    "a product that ends at a comment": ('product = "Koozali', 'product = "Koozali ; SME', "no ';' behind a blank"),
    "a product that begins as a comment": ('product = "Koozali', 'product = ";Koozali', "no ';' behind a blank"),
    "a product of foreign letters": ('product = "Koozali', 'product = "쿠잘리', "use ASCII"),
    "an address that ends at a comment": ('short = "SME"', 'short = "SME"\nbug_url = "x ;y"', "bug_url"),
    "a product too long for the medium": ('product = "Koozali SME Server"', f'product = "{"x" * 120}"', "product"),
    "a name that is a path": ('name = "smeserver"', 'name = "../smeserver"', "letters, digits"),
    "an architecture that is a path": ('arch = "x86_64"', 'arch = "x86/64"', "letters, digits"),
    "a volume id too long": ('short = "SME"', f'short = "SME"\nvolume_id = "{"x" * 33}"', "at most 32"),
    "a volume id that ends in a blank": ('short = "SME"', 'short = "SME"\nvolume_id = "SME "', "has a blank at an end"),
    "a volume id with a colon": ('short = "SME"', 'short = "SME"\nvolume_id = "a:b"', "a character other than"),
    "a volume id with a quote": ('short = "SME"', 'short = "SME"\nvolume_id = "a\'b"', "a character other than"),
    "a blank volume id": ('short = "SME"', 'short = "SME"\nvolume_id = ""', "needs a label"),
    "a volume id of gigabytes": (
        'short = "SME"', 'short = "SME"\nvolume_id = "{full:9999999999}"', "is no placeholder"),
    "a volume id that looks into objects": (
        'short = "SME"', 'short = "SME"\nvolume_id = "{version.__class__}"', "is no placeholder"),
    "a number of 5,000 digits": ("major = 10", "major = " + "9" * 5000, "is not TOML"),
    "a number of many hexadecimal digits": ("major = 10", "major = 0x" + "f" * 1_000_000, "larger than any number"),
    "arrays without end": ('short = "SME"', 'short = "SME"\naliases = ' + "[" * 100_000, "nests too deeply"),
    "a volume id of a wrong word": ('short = "SME"', 'short = "SME"\nvolume_id = "{shrt}"', "is no placeholder"),
    "a volume id that asks too much": ('short = "SME"', 'short = "SME"\nvolume_id = "{short.x}"', "placeholder"),
    "a volume id that counts letters": ('short = "SME"', 'short = "SME"\nvolume_id = "{short[x]}"', "placeholder"),
    "a volume id half open": ('short = "SME"', 'short = "SME"\nvolume_id = "{short"', "placeholder"),
    "smetest staged": ('name = "smeos"', 'name = "smetest"', "never goes on a medium"),
    "a tier twice": ("[[keys]]", '[[tiers]]\nname = "smeos"\npath = "b"\n[[keys]]', "smeos stands there twice"),
    "a practice key in a real release": ("[content]", f'{KEY.format("b", "0" * 40)}[content]', "everybody has"),
    "two key files of one name": ("[content]", f'{KEY.format("more/key", "0" * 40)}[content]', "side by side"),
    "no staged tier": ('path = "smeos"', 'path = "smeos"\nstage = false', "none of them is staged"),
    "a fingerprint too short": ("48b7bc187a21c87aca69dfe167f25a768b63564a", "8b63564a", "40 hexadecimal digits"),
    "a fingerprint with a letter too many": (
        "48b7bc187a21c87aca69dfe167f25a768b63564a", "x" + "0" * 39, "40 hexadecimal digits"),
    "a place for translations that is none": ('path = "po"', 'path = "po"\nplace = "top"', "locale, updates"),
    "tiers as one table": ("[[tiers]]", "[tiers]", "tiers is not a list.*\\[\\[tiers\\]\\]"),
    "content as a list": ("[content]", "[[content]]", r"\[content\] is not a table"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_sentence(tmp_path: Path, old: str, new: str, words: str) -> None:
    said = refusal(tmp_path, changed(old, new))
    assert str(tmp_path / "release.toml") in said
    assert re.search(words, said, re.DOTALL), said


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_dist_tag_and_published_tiers_are_those_of_the_base_unless_they_are_said(base: Base, tmp_path: Path) -> None:
    text = changed('short = "SME"', f'short = "SME"\nbase = "{base.name}"')
    rel = load(tmp_path, text)
    assert (rel.anaconda.dist, rel.publish.tiers) == (base.dist, base.tiers)
    said = load(tmp_path, f'{text}[anaconda]\ndist = ".own"\n[publish]\ntiers = ["smetest"]\n')
    assert (said.anaconda.dist, said.publish.tiers) == (".own", ("smetest",))


def test_a_place_for_translations_that_the_installer_of_the_base_never_reads_is_refused(tmp_path: Path) -> None:
    text = changed('path = "po"', 'path = "po"\nplace = "updates"')
    assert load(tmp_path, changed('short = "SME"', 'short = "SME"\nbase = "el8"', text)).translations.place == "updates"
    said = refusal(tmp_path, changed('short = "SME"', 'short = "SME"\nbase = "el9"', text))
    assert 'the installer of Enterprise Linux 9 reads no run/install/updates/po; use "locale"' in said


OLD = [
    ("[[mirror]]", "[[rsync_mirror]]", '[[mirror]]\nname = "up"\n'),
    ("[[rsync_mirror]] up deletions", "max_delete_percent", '[[rsync_mirror]]\nname = "up"\ndeletions = 5\n'),
    ("[mirrors]", "[release_urls]", "[mirrors]\nurls = []\n"),
    ("[[waivers]]", "[[closure.waivers]]", '[[waivers]]\nreason = "x"\n'),
    ("[[keys]] 2 legacy", "legacy_reason", '[[keys]]\nlegacy = "x"\n'),
    ("[[keys]] 2 expired", "expired_reason", '[[keys]]\nexpired = "x"\n'),
    ("[boot_test] words", "expect", '[boot_test]\nwords = ["x"]\n'),
    ("[content] previous", "inherit", 'content.previous = "x"\n'),
    ("[groups] absent", "allow_missing", "[groups]\nabsent = {}\n"),
    ("[installer] way", "mode", '[installer]\nway = "lorax"\n'),
    ("[publish] deletions", "max_delete", "[publish]\ndeletions = 5\n"),
    ("[publish] previous", "carry_from", '[publish]\nprevious = "x"\n'),
    ("[quality] previous", "previous_release", '[quality]\nprevious = "x"\n'),
    ("[release] efi_vendor", "", 'release.efi_vendor = "x"\n'),
    ("[sources] absent", "allow_missing", "[sources]\nabsent = {}\n"),
]


@pytest.mark.parametrize(("old", "new", "entry"), OLD, ids=[old for old, _, _ in OLD])
def test_an_old_spelling_is_refused_with_the_new_one(tmp_path: Path, old: str, new: str, entry: str) -> None:
    table, dot, line = entry.partition(".")
    text = SMALLEST.replace(f"[{table}]\n", f"[{table}]\n{line}") if dot else SMALLEST + entry
    said = refusal(tmp_path, text)
    assert f": {old} {'was renamed' if new else 'has no effect any more'}" in said
    assert (f"write {new} instead" if new else "remove that line") in said


def test_every_old_spelling_is_tried() -> None:
    assert len(OLD) == len(tables.OLD_SPELLINGS)


def test_zero_versions_of_a_package_are_refused_by_its_name(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST + "[packages]\nseveral = { kernel = 0 }\n")
    assert "release.toml:22:22: [packages] several.kernel = 0: keep at least one version" in said


def test_a_word_for_a_count_is_refused_by_its_name(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST + '[packages]\nseveral = { kernel = "two" }\n')
    assert '[packages] several.kernel = "two" is not a whole number' in said


def test_no_keys_at_all_are_refused(tmp_path: Path) -> None:
    text = re.sub(r"\[\[keys\]\]\n.*\n.*\n", "", SMALLEST)
    assert "without a pinned key" in refusal(tmp_path, "keys = []\n" + text)


def test_an_absent_file_says_where_it_is_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file.*\n.*SMEDOIT_RELEASE"):
        release.load_release(tmp_path / "none.toml")


def test_a_directory_in_the_files_place_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read, is a directory"):
        release.load_release(tmp_path)


def test_a_text_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, changed('short = "SME"', "short = "))
    assert "release.toml:3:9: is not TOML, Invalid value: short =\n  hint: a text stands in" in said


def test_a_file_in_another_encoding_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_bytes(SMALLEST.replace("Koozali", "Köozali").encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8"):
        release.load_release(tmp_path / "release.toml")


@given(
    st.sampled_from(SMALLEST.splitlines()), st.sampled_from(["", "5", "[]", "{}", '""', "true", "1.5", "nan", "[[]]"])
)
def test_any_other_value_loads_or_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, line: str, value: str
) -> None:
    place = tmp_path_factory.getbasetemp() / "any-value"  # not the top: a world above others is found by them
    place.mkdir(exist_ok=True)
    key, equals, _ = line.partition("=")
    text = SMALLEST.replace(line, f"{key}{equals} {value}" if equals else value)
    try:
        assert isinstance(load(place, text).release, ReleaseIdentity)
    except ConfigError as refused:
        assert "release.toml" in str(refused)


def test_an_identity_knows_its_moment_in_seconds() -> None:
    assert identity(date=datetime(1980, 1, 1, tzinfo=timezone.utc)).epoch == 315532800


def test_module_streams_are_for_bases_with_modules(tmp_path: Path) -> None:
    text = SMALLEST + '\n[modules]\nsources = ["modules.yaml"]\nenabled = { php = "8.2" }\n'
    said = refusal(tmp_path, text)
    assert (
        "[modules] enabled: Enterprise Linux 7 has no modules: take [modules] away, or correct [release] base" in said
    )
    modules = load(tmp_path, changed("version = ", 'base = "el8"\nversion = ', text)).modules
    assert (modules.sources, modules.enabled) == ((tmp_path / "build/modules.yaml",), {"php": "8.2"})


def test_two_streams_of_one_module_are_refused_by_its_name(tmp_path: Path) -> None:
    said = refusal(tmp_path, SMALLEST + '\n[modules]\nenabled = { php = "8.2", php = "7.4" }\n')
    assert "Duplicate inline table key 'php'" in said
    assert "keep one of the two" in said
