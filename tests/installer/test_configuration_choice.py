# SPDX-License-Identifier: GPL-3.0-or-later
"""Which product or profile the installers of EL 8, 9 and 10 would take their configuration from, and what that says."""

from __future__ import annotations

import pytest

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import BASES, find_base
from smedoit.installer.class_migration import configuration_text
from smedoit.installer.configuration_choice import ConfigurationChoice, choose_configuration, efi_dir_fault

EL8, EL9, EL10 = (find_base(name) for name in ("el8", "el9", "el10"))
NEWER = [EL8, EL9, EL10]
PRODUCTS = [EL8, EL9]
STAMP = "[Main]\nProduct={}\nVersion=11.0\nIsFinal=True\nVariant={}\n"
ROCKY = "[Bootloader]\nefi_dir = rocky\n"
CARRIED = f"{ROCKY}[Payload]\ndefault_source = CLOSEST_MIRROR\n"
EACH = pytest.mark.parametrize("base", NEWER, ids=[base.name for base in NEWER])
EACH_PRODUCT = pytest.mark.parametrize("base", PRODUCTS, ids=[base.name for base in PRODUCTS])


def product_file(name: str, base: str = "Red Hat Enterprise Linux", more: str = CARRIED, variant: str = "") -> str:
    return f"[Product]\nproduct_name = {name}\nvariant_name = {variant}\n[Base Product]\nproduct_name = {base}\n{more}"


def profile_file(name: str, base: str = "rhel", more: str = CARRIED, os_id: str = "koozali") -> str:
    return f"[Profile]\nprofile_id = {name}\nbase_profile = {base}\n[Profile Detection]\nos_id = {os_id}\n{more}"


def os_release(base: Base, name: str = "SME", ident: str = "koozali", more: str = "") -> str:
    platform = f'PLATFORM_ID="{base.platform}"\n' if base.platform else ""
    return f'NAME="{name}"\nID={ident}\n{platform}{more}'


def chosen(base: Base, files: dict[str, str], product: str = "Koozali", variant: str = "") -> ConfigurationChoice:
    texts = {".buildstamp": STAMP.format(product, variant), "etc/os-release": os_release(base)}
    texts |= {
        f"etc/anaconda/{name}" if "/" in name and name[:4] != "etc/" else name: text for name, text in files.items()
    }
    return choose_configuration({name: text for name, text in texts.items() if text}, base)


def good(base: Base) -> dict[str, str]:
    if base.configuration is Configuration.PROFILES:
        return {"profile.d/koozali.conf": profile_file("koozali")}
    return {"product.d/koozali.conf": product_file("Koozali")}


@EACH
def test_ours_is_taken_on_its_base_and_leaves_nothing_to_say_but_what_hides_the_menu(base: Base) -> None:
    choice = chosen(base, good(base))
    assert [each.path.rpartition("/")[2] for each in choice.chain] == ["rhel.conf", "koozali.conf"]
    assert choice.faults == []
    assert all("menu_auto_hide hides the boot menu" in remark for remark in choice.remarks)
    assert choice.values["Bootloader", "efi_dir"][0].text == "rocky"
    assert efi_dir_fault(choice, frozenset({"BOOT", "rocky"}), base) == ""


@EACH
def test_what_new_major_and_practice_write_is_taken(base: Base) -> None:
    place, text = configuration_text(base, "Koozali", "rocky")
    assert (choice := chosen(base, {place: text})).faults == [] == choice.remarks


@EACH
def test_conf_d_is_read_last_and_beats_all(base: Base) -> None:
    choice = chosen(base, {**good(base), "conf.d/b.conf": "[Bootloader]\nefi_dir = b\n", "conf.d/a.conf": ROCKY})
    assert choice.values["Bootloader", "efi_dir"][0].text == "b"


@EACH
def test_an_efi_directory_of_another_distribution_is_refused(base: Base) -> None:
    choice = chosen(base, good(base))
    said = efi_dir_fault(choice, frozenset({"BOOT", "almalinux"}), base)
    assert 'koozali.conf: efi_dir is "rocky", but shim and GRUB of the medium have EFI/BOOT, EFI/almalinux' in said
    unset = chosen(base, {name: text.replace("efi_dir = rocky", "efi_dir = sme") for name, text in good(base).items()})
    assert "no shim has one: the installed system would not start under UEFI" in efi_dir_fault(unset, frozenset(), base)


# A miss is refused for what it does


def test_a_miss_on_el_8_takes_red_hats_cdn_and_its_efi_directory() -> None:
    choice = chosen(EL8, {"product.d/koozali.conf": product_file("Koozali SME Server")})
    [said] = choice.faults
    assert said.startswith(
        "etc/anaconda/product.d/koozali.conf: is for Koozali SME Server; nothing in etc/anaconda/product"
    )
    assert (
        "'Koozali', which .buildstamp says, so the installer takes what Red Hat Enterprise Linux has: its CDN" in said
    )
    assert choice.chain[0].path == "etc/anaconda/product.d/rhel.conf"


def test_a_miss_on_el_9_keeps_the_installer_from_starting_or_takes_what_os_release_names() -> None:
    files = {"product.d/koozali.conf": product_file("Other")}
    [said] = chosen(EL9, files).faults
    assert "so the installer does not start; NAME of os-release, 'SME', leads to none either" in said
    [said] = chosen(EL9, {**files, "etc/os-release": os_release(EL9, "Rocky Linux")}).faults
    assert "so the installer takes what Rocky Linux has, by NAME of os-release" in said
    [said] = chosen(EL9, {**files, "etc/os-release": ""}).faults
    assert "takes what the distributor of its runtime has, by NAME of os-release" in said


def test_a_miss_on_el_10_leaves_no_profile_at_all() -> None:
    [said] = chosen(EL10, {"profile.d/koozali.conf": profile_file("koozali", os_id="sme")}).faults
    assert 'for ID=koozali of os-release, so the installer has no profile at all: efi_dir "default"' in said
    [said] = chosen(EL10, {"profile.d/x.conf": profile_file("x", os_id="sme"), "etc/os-release": ""}).faults
    assert "the overlay has no os-release with that ID" in said


@EACH
def test_nothing_of_ours_is_refused_where_upstreams_own_does_not_fit_either(base: Base) -> None:
    assert "has no file of ours; nothing in " in chosen(base, {}).faults[0]


def test_conf_d_carries_a_release_without_a_match() -> None:
    for base in (EL8, EL10):
        choice = chosen(base, {"conf.d/koozali.conf": CARRIED})
        assert choice.faults == [] and "has no file of ours; nothing in " in choice.remarks[0]
    assert "does not start" in chosen(EL9, {"conf.d/koozali.conf": CARRIED}).faults[0]


@EACH
def test_a_match_with_a_stock_file_passes_with_a_remark(base: Base) -> None:
    release = {"etc/os-release": os_release(base, "AlmaLinux", "almalinux")}
    choice = chosen(base, release, "AlmaLinux")
    assert choice.faults == []
    assert choice.remarks[:1] == [
        f"etc/anaconda/{base.configuration.value}/almalinux.conf: is upstream's, and decides for this product"
    ]
    assert choice.values["Bootloader", "efi_dir"][0].text == "almalinux"


def test_that_of_rocky_8_is_a_doubt_for_nobody_has_seen_it() -> None:
    choice = chosen(EL8, {"product.d/koozali.conf": product_file("Koozali", "Rocky Linux")})
    assert choice.faults == [] and "rocky.conf: may be in the runtime, nobody has seen it" in choice.remarks[-1]
    assert chosen(EL9, {"product.d/koozali.conf": product_file("Koozali", "Rocky Linux")}).remarks == [
        "etc/anaconda/product.d/rhel.conf: menu_auto_hide hides the boot menu of the installed system"
    ]


@EACH_PRODUCT
def test_a_variant_counts_before_the_product_alone(base: Base) -> None:
    files = {"product.d/a.conf": product_file("Koozali"), "product.d/b.conf": product_file("Koozali", variant="Edge")}
    choice = chosen(base, files, variant="Edge")
    assert choice.chain[-1].path == "etc/anaconda/product.d/b.conf"
    assert "etc/anaconda/product.d/a.conf: is for Koozali, and not for this product" in choice.remarks
    assert chosen(base, files).chain[-1].path == "etc/anaconda/product.d/a.conf"


# Files that count for nothing


@EACH_PRODUCT
def test_two_files_for_one_product_are_refused_as_chance(base: Base) -> None:
    files = {"product.d/a.conf": product_file("Koozali"), "product.d/b.conf": product_file("Koozali")}
    assert (
        "b.conf: is for Koozali, as etc/anaconda/product.d/a.conf, and which of them counts is chance"
        in (chosen(base, files).faults[0])
    )
    [said] = chosen(base, {"product.d/sme.conf": product_file("AlmaLinux")}, "AlmaLinux").faults
    assert said.endswith("is chance; call it almalinux.conf to replace that")
    assert chosen(base, {"product.d/almalinux.conf": product_file("AlmaLinux")}, "AlmaLinux").faults == []


def test_of_two_profiles_of_one_id_the_first_counts_and_of_one_os_id_the_last() -> None:
    twice = {"profile.d/a.conf": profile_file("koozali"), "profile.d/b.conf": profile_file("koozali")}
    [said] = chosen(EL10, twice).faults
    assert said.startswith("etc/anaconda/profile.d/b.conf: has profile_id koozali, as etc/anaconda/profile.d/a.conf")
    both = {"profile.d/a.conf": profile_file("one"), "profile.d/b.conf": profile_file("two")}
    choice = chosen(EL10, both)
    assert choice.chain[-1].path == "etc/anaconda/profile.d/b.conf"
    assert any("b.conf: takes the place of etc/anaconda/profile.d/a.conf" in remark for remark in choice.remarks)
    rocky = {"profile.d/a.conf": profile_file("a", os_id="rocky"), "etc/os-release": ""}
    assert "is for a, and the installer takes" in str(
        chosen(EL10, {**rocky, "etc/os-release": os_release(EL10, ident="rocky")}).faults
    )
    zz = {"profile.d/zz.conf": profile_file("zz", os_id="rocky"), "etc/os-release": ""}
    choice = chosen(EL10, zz)
    assert choice.faults == [] and any("runtime's own os-release says ID=rocky" in remark for remark in choice.remarks)


@EACH
def test_a_base_that_there_is_not_makes_a_file_count_for_nothing(base: Base) -> None:
    files = {
        name: text.replace("Enterprise Linux", "Enterprise").replace("= rhel", "= rehl")
        for name, text in good(base).items()
    }
    said = chosen(base, files).faults[0]
    assert "leads to no configuration that there is, so the file counts for nothing; did you mean " in said


@EACH
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Payload]\n", "passes over the whole file"),
        (
            "efi_dir = rocky\n",
            "line 1: 'efi_dir = rocky' stands before the first [section]; this makes the installer pass",
        ),
        ("[Payload]\na = 1\na = 2\n", "line 3: a stands there twice in [Payload]; this makes the installer pass over"),
        ("[product]\nproduct_name = Koozali\n[profile]\n", "passes over the whole file; did you mean [Pro"),
    ],
)
def test_a_file_that_the_installer_passes_over_is_refused(text: str, words: str, base: Base) -> None:
    said = "\n".join(chosen(base, {f"{base.configuration.value}/koozali.conf": text}).faults)
    assert words in said


@EACH
def test_a_file_whose_name_does_not_end_in_conf_is_told(base: Base) -> None:
    files = {**good(base), "conf.d/koozali.cfg": ROCKY, "conf.d/README": "x"}
    said = [remark for remark in chosen(base, files).remarks if "does not end in .conf" in remark]
    assert said == ["etc/anaconda/conf.d/koozali.cfg: nobody reads it, for its name does not end in .conf"]


# Values


@EACH
@pytest.mark.parametrize("place", ["own", "conf.d/90.conf"])
def test_a_value_that_ends_the_installer_is_refused_with_file_and_line(place: str, base: Base) -> None:
    files = good(base)
    if place == "own":
        [(name, text)] = files.items()
        files = {name: text.replace("CLOSEST_MIRROR", "DVD")}
    else:
        name = place
        files[place] = "[Payload]\ndefault_source = DVD\n"
    [said] = [fault for fault in chosen(base, files).faults if "DVD" in fault]
    assert said.startswith(f"etc/anaconda/{name}, line ")
    assert said.endswith("default_source = DVD: is none of CLOSEST_MIRROR, CDN, which ends the installer")


@EACH
def test_an_unreadable_file_of_conf_d_ends_the_installer(base: Base) -> None:
    [said] = chosen(base, {**good(base), "conf.d/x.conf": "oops\n"}).faults
    assert (
        said == "etc/anaconda/conf.d/x.conf, line 1: 'oops' stands before the first [section]; this ends the installer"
    )


@EACH
def test_a_key_that_nobody_asks_for_is_told_with_the_nearest_or_its_section(base: Base) -> None:
    odd = "[Payload]\ndefault_enviroment = x\nefi_dir = rocky\n[User Interfaces]\nx = 1\n"
    said = chosen(base, {**good(base), "conf.d/x.conf": odd}).remarks
    path = "etc/anaconda/conf.d/x.conf"
    for words in (
        f"{path}, line 2: [Payload] default_enviroment is no key that the installer asks for; did you mean default_env",
        f"{path}, line 3: [Payload] efi_dir is no key that the installer asks for; it belongs in [Bootloader]",
        f"{path}, line 5: [User Interfaces] is no section that the installer asks for; did you mean [User Interface]?",
    ):
        assert any(remark.startswith(words) for remark in said), words


GOOD_VALUES = {
    "[Storage] default_partitioning": [
        "\n  / (min 1 GiB, max 70 GiB)\n  /home (min 500 MiB, free 50 GiB)\n  swap",
        "/",
    ],
    "[Storage] default_scheme": ["LVM", "PLAIN", "LVM_THINP"],
    "[Storage Constraints] min_ram": ["320 MiB", "1.5GB", "1024"],
    "[Storage Constraints] req_partition_sizes": ["", "\n  /var 5  GiB\n  /boot 1 GiB"],
    "[Security] selinux": ["-1", "0"],
    "[Bootloader] menu_auto_hide": ["no", "True", "0"],
    "[Storage Constraints] root_device_types": ["", "LVM LVM_THINP"],
}
BAD_VALUES = {
    "[Storage] default_partitioning": [
        "home (min 1 GiB)",
        "/ (max 1 GiB)",
        "/ (size 1 GiB, min 1 GiB)",
        "/ (foo 1)",
        "",
    ],
    "[Storage] default_scheme": ["lvm", "ZFS"],
    "[Storage Constraints] min_ram": ["much", "1 XB"],
    "[Storage Constraints] req_partition_sizes": ["/var", "/var lots"],
    "[Security] selinux": ["2", "on"],
    "[Bootloader] menu_auto_hide": ["maybe", ""],
    "[Storage Constraints] root_device_types": ["LVM FLOPPY"],
}


def value_of(place: str, value: str, base: Base) -> list[str]:
    section, _, key = place.partition("] ")
    return chosen(base, {**good(base), "conf.d/x.conf": f"{section}]\n{key} = {value}\n"}).faults


@EACH
@pytest.mark.parametrize("place", GOOD_VALUES)
def test_a_value_that_anaconda_converts_passes(place: str, base: Base) -> None:
    for value in GOOD_VALUES[place]:
        assert value_of(place, value, base) == []


@EACH
@pytest.mark.parametrize("place", BAD_VALUES)
def test_a_value_that_anaconda_cannot_convert_is_refused(place: str, base: Base) -> None:
    for value in BAD_VALUES[place]:
        [said] = value_of(place, value, base)
        assert said.startswith("etc/anaconda/conf.d/x.conf, line 2: [") and said.endswith("which ends the installer")


def test_password_policies_and_pairs_are_held_against_their_form() -> None:
    place = "[User Interface] password_policies"
    assert value_of(place, "\n  root (quality 1, length 6)\n  luks (quality 1, length 6, empty)", EL9) == []
    assert "needs length N and quality N" in value_of(place, "root (quality 1)", EL9)[0]
    assert "is none of length N, quality N, strict, empty" in value_of(place, "root (quality x, length 6)", EL10)[0]
    assert value_of("[Payload] flatpak_remote", "a oci+https://b", EL10) == []
    assert "needs 2 words" in value_of("[Payload] flatpak_remote", "a", EL10)[0]
    assert value_of("[Storage] default_partitioning", "/var (btrfs)", EL10) == []
    assert "btrfs of /var is none of" in value_of("[Storage] default_partitioning", "/var (btrfs)", EL9)[0]


@EACH
def test_cdn_in_the_end_is_told(base: Base) -> None:
    files = {name: text.replace("default_source = CLOSEST_MIRROR\n", "") for name, text in good(base).items()}
    assert any("rhel.conf: default_source is Red Hat's CDN; write" in remark for remark in chosen(base, files).remarks)


@EACH
def test_an_anaconda_conf_of_ours_must_have_all_keys(base: Base) -> None:
    said = chosen(base, {**good(base), "etc/anaconda/anaconda.conf": "[Anaconda]\ndebug = False\n"}).faults
    assert said[0].startswith("etc/anaconda/anaconda.conf: lacks [") and said[0].endswith("which ends the installer")


# os-release


@pytest.mark.parametrize("base", [base for base in BASES.values() if base.platform], ids=lambda base: base.name)
def test_a_lost_platform_is_refused(base: Base) -> None:
    [said] = chosen(base, {**good(base), "etc/os-release": 'NAME="SME"\nID=koozali\n'}).faults
    assert said == (
        "etc/os-release: has no PLATFORM_ID, so the installer would see no package of any module stream; write"
        f' PLATFORM_ID="{base.platform}"'
    )
    other = {**good(base), "etc/os-release": os_release(base).replace(base.platform, "platform:el7")}
    assert "says PLATFORM_ID=platform:el7, so" in chosen(base, other).faults[0]
    assert chosen(base, {**good(base), "etc/os-release": ""}).faults == []


# What lies or reads otherwise than was meant


@EACH
def test_a_directory_that_is_called_like_a_file_ends_the_installer(base: Base) -> None:
    choice = chosen(base, {**good(base), "conf.d/x.conf/y.conf": ROCKY})
    [said] = choice.faults
    assert said == (
        "etc/anaconda/conf.d/x.conf/y.conf: the installer opens conf.d/x.conf, a directory, as a file; this ends the"
        " installer"
    )


@EACH
def test_a_file_further_down_is_told_for_nobody_reads_it(base: Base) -> None:
    directory = base.configuration.value
    choice = chosen(base, {**good(base), "conf.d/ours/y.conf": ROCKY, f"{directory}/ours/y.conf": ROCKY})
    assert choice.faults == []
    for name in ("conf.d", directory):
        assert (
            f"etc/anaconda/{name}/ours/y.conf: nobody reads it, for it lies in a directory of etc/anaconda/{name}"
            in choice.remarks
        )


@EACH
@pytest.mark.parametrize("line", ["VERSION='a", 'VERSION="a', "VERSION=a's", 'VERSION="a\\"', "VERSION='a\\'b'"])
def test_a_quote_that_does_not_end_is_refused_in_os_release(base: Base, line: str) -> None:
    choice = chosen(base, {**good(base), "etc/os-release": os_release(base, more=f"# it's ours\n{line}\n")})
    number = 5 if base.platform else 4
    assert choice.faults == [
        f"etc/os-release, line {number}: a quote of {line} does not end, so shells stop here, and systemd takes what"
        " follows for its value"
    ]


@EACH
@pytest.mark.parametrize("line", ["VERSION='a \"b'", 'VERSION="it\'s"', 'VERSION="a\\"b"', "VERSION=a\\'s", "VERSION="])
def test_a_quote_that_is_whole_or_escaped_is_taken_in_os_release(base: Base, line: str) -> None:
    choice = chosen(base, {**good(base), "etc/os-release": os_release(base, more=f"{line}\n")})
    assert choice.faults == []
