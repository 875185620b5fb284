# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents page: one task a step, in the order of the wiki page that it replaces.

A world's dodo.py has them by `from smedoit.contents import *`. Nobody else imports it: it reads release.toml at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from smedoit.artifacts.tasks import checksums, manifests, rebuild, record, release, sign, verify
from smedoit.bootset.tasks import boot_set, check_boot_set, pin_boot_set, recover_boot_set
from smedoit.boottest.tasks import boot_test, preview
from smedoit.checks.tasks import anaconda_version, check_versions, closure, install_classes, quality, updates
from smedoit.command.takeover import take_over
from smedoit.compare.tasks import compare
from smedoit.content.tasks import content, mirror, recover_exports
from smedoit.doctor import tasks
from smedoit.engine.state import doit_config
from smedoit.engine.task import DoitTask, current_release, doit_group, doit_task
from smedoit.importing.tasks import import_place
from smedoit.installer.tasks import (
    anaconda_source,
    build_installer,
    build_iso,
    clean_mock,
    installer,
    mock_init,
    product_img,
    recover_anaconda_layer,
    update_repos,
    updates_img,
)
from smedoit.iso.tasks import iso, netinstall, source_iso
from smedoit.jigdo.tasks import jigdo
from smedoit.packages.tasks import (
    comps,
    medium_keys,
    packages,
    repodata,
    source_repodata,
    sources,
    stage_packages,
    stage_sources,
)
from smedoit.publish.tasks import plan_publish, prune, publish, retire, rollback, verify_published
from smedoit.release.tasks import bump, new_major, notes, release_package, stage_link
from smedoit.repoview.tasks import repoview
from smedoit.sample.tasks import sample
from smedoit.secureboot.tasks import secure_boot
from smedoit.tiers.tasks import promote, settle_promotion, tiers, why_package
from smedoit.translations.tasks import patches, translations
from smedoit.tree.tasks import grub, isolinux, tree, treeinfo

take_over()  # where doit's own command line is at work, it never comes back
REL = current_release()
INTERRUPTED = (settle_promotion, recover_exports, recover_boot_set, recover_anaconda_layer)
STAGES = {
    "this machine": "doctor",
    "packages, content, boot set": "content",
    "the tree": "tree",
    "the version": "stage_link",
    "the installer": "mock_init",
    "the ISO": "notes",
    "other media": "sources",
    "the release": "checksums",
    "publish": "plan_publish",
}  # of the page: where each begins, for doit status
DOIT_CONFIG = doit_config(REL, [partial(recover, REL) for recover in INTERRUPTED], STAGES)


def task_doctor() -> DoitTask:
    """what this machine has and lacks for the steps of this release, and what release.toml names: paths, keys"""
    return doit_task(REL, tasks.doctor(REL))


def task_sample() -> DoitTask:
    """a practice world below [paths] root: signed RPMs, boot set, content; --remove takes it away again"""
    return doit_task(REL, sample(REL))


def task_import() -> DoitTask:
    """a release that exists (a tree, an ISO, an address) as a world in an empty directory: doit import PLACE DIR"""
    return doit_task(REL, import_place(REL.network))


def task_content() -> DoitTask:
    """content and other source trees, from CVS, git or a directory, at the revision that release.toml names"""
    return doit_task(REL, content(REL))


def task_mirror() -> Iterator[DoitTask]:
    """local copies of releases and upstream, by rsync: what would disappear is counted first"""
    yield from doit_group(REL, "mirror", task_mirror.__doc__ or "", mirror(REL))


def task_tiers() -> Iterator[DoitTask]:
    """repodata of every tier, for yum: of each architecture and of the sources"""
    yield from doit_group(REL, "tiers", task_tiers.__doc__ or "", tiers(REL))


def task_promote() -> DoitTask:
    """packages to the next tier of the cycle, with their sources; --dry-run shows the plan, --undo takes it back"""
    return doit_task(REL, promote(REL))


def task_why_package() -> DoitTask:
    """every copy of a package in every tier, and the rule that decided about it"""
    return doit_task(REL, why_package(REL))


def task_packages() -> DoitTask:
    """packages.lock: the newest verified package of every name in the staged tiers"""
    return doit_task(REL, packages(REL))


def task_stage_packages() -> DoitTask:
    """Packages/ of the tree, as hard links to the tiers"""
    return doit_task(REL, stage_packages(REL))


def task_patches() -> DoitTask:
    """patches of the server-manager's translations that wait, and whether the medium has them"""
    return doit_task(REL, patches(REL))


def task_translations() -> DoitTask:
    """the installer's translations, exactly as their server has them"""
    return doit_task(REL, translations(REL))


def task_pin_boot_set() -> DoitTask:
    """boot_set.sha256: what the boot set's source has now, held against upstream's checksums"""
    return doit_task(REL, pin_boot_set(REL))


def task_boot_set() -> DoitTask:
    """the boot set, fetched and checked as it is pinned"""
    return doit_task(REL, boot_set(REL))


def task_check_boot_set() -> DoitTask:
    """kernel, initrd and stage 2 of the tree: none of them damaged or cut short, all of one kernel"""
    return doit_task(REL, check_boot_set(REL))


def task_tree() -> DoitTask:
    """boot files, release notes and keys of the tree, from their layers"""
    return doit_task(REL, tree(REL))


def task_medium_keys() -> DoitTask:
    """the keys on the medium verify every package on it"""
    return doit_task(REL, medium_keys(REL))


def task_isolinux() -> DoitTask:
    """the boot menu for BIOS: version and volume label"""
    return doit_task(REL, isolinux(REL))


def task_grub() -> DoitTask:
    """the boot menu for UEFI, in EFI/BOOT and inside efiboot.img"""
    return doit_task(REL, grub(REL))


def task_anaconda_source() -> DoitTask:
    """koozali.py, centos.py and fedora.py from upstream's source package of anaconda and our patches"""
    return doit_task(REL, anaconda_source(REL))


def task_install_classes() -> DoitTask:
    """the installer's Python sources and its configuration: which install class, product or profile would win"""
    return doit_task(REL, install_classes(REL))


def task_product_img() -> DoitTask:
    """images/product.img: install classes, logos, .buildstamp and release files"""
    return doit_task(REL, product_img(REL))


def task_updates_img() -> DoitTask:
    """images/updates.img: the installer's updates and translations"""
    return doit_task(REL, updates_img(REL))


def task_comps() -> DoitTask:
    """the groups that the installer offers, held against the packages"""
    return doit_task(REL, comps(REL))


def task_repodata() -> DoitTask:
    """repodata/ of the tree, for yum and the installer"""
    return doit_task(REL, repodata(REL))


def task_closure() -> DoitTask:
    """what the medium's packages need, and whether every group can be installed, from the medium alone"""
    return doit_task(REL, closure(REL))


def task_repoview() -> Iterator[DoitTask]:
    """web pages of each tier and of the tree: groups, letters, packages with changelogs, a feed"""
    yield from doit_group(REL, "repoview", task_repoview.__doc__ or "", repoview(REL))


def task_updates() -> DoitTask:
    """what a yum update after the first boot would fetch: nothing, or it is explained"""
    return doit_task(REL, updates(REL))


def task_quality() -> DoitTask:
    """who verified each package that changed since the last release"""
    return doit_task(REL, quality(REL))


def task_anaconda_version() -> DoitTask:
    """upstream's anaconda held against ours, and against the one in smeextras"""
    return doit_task(REL, anaconda_version(REL))


def task_treeinfo() -> DoitTask:
    """.treeinfo, .discinfo and media.repo"""
    return doit_task(REL, treeinfo(REL))


def task_stage_link() -> DoitTask:
    """the link stage/N to the directory of this version"""
    return doit_task(REL, stage_link(REL))


def task_release_package() -> DoitTask:
    """the package that carries the version says what release.toml says"""
    return doit_task(REL, release_package(REL))


def task_bump() -> DoitTask:
    """the spec file of that package for this version, as a diff; --apply writes it"""
    return doit_task(REL, bump(REL))


def task_new_major() -> DoitTask:
    """the content tree and release.toml of the next major, made beside the old ones"""
    return doit_task(REL, new_major(REL))


def task_mock_init() -> DoitTask:
    """the private chroot that lorax and other tools of the release run in"""
    return doit_task(REL, mock_init(REL))


def task_installer() -> DoitTask:
    """whether the installer must be built again, by what changed; and, with lorax, its new images"""
    return doit_task(REL, installer(REL))


def task_clean_mock() -> DoitTask:
    """remove that chroot and its configuration"""
    return doit_task(REL, clean_mock(REL))


def task_update_repos() -> DoitTask:
    """the page's name for packages, stage_packages, comps and repodata"""
    return doit_task(REL, update_repos(REL))


def task_build_installer() -> DoitTask:
    """the page's name for installer, with its log as stage/N/build_installer.ARCH"""
    return doit_task(REL, build_installer(REL))


def task_build_ISO() -> DoitTask:
    """the page's name for iso and what it waits for, with their logs as stage/N/build_ISO.ARCH"""
    return doit_task(REL, build_iso(REL))


def task_notes() -> DoitTask:
    """release notes against the last release: README.txt, Markdown, HTML; --content puts it into the content tree"""
    return doit_task(REL, notes(REL))


def task_check_versions() -> DoitTask:
    """no word of another release in the tree or inside its images"""
    return doit_task(REL, check_versions(REL))


def task_iso() -> DoitTask:
    """the bootable ISO, sealed, with its checksum beside it"""
    return doit_task(REL, iso(REL))


def task_sources() -> DoitTask:
    """sources.lock: the verified source package of everything in packages.lock"""
    return doit_task(REL, sources(REL))


def task_stage_sources() -> DoitTask:
    """SRPMS/ beside the tree, as hard links to the tiers"""
    return doit_task(REL, stage_sources(REL))


def task_source_repodata() -> DoitTask:
    """repodata/ of SRPMS/"""
    return doit_task(REL, source_repodata(REL))


def task_source_iso() -> DoitTask:
    """the source ISO, or the discs of it, sealed"""
    return doit_task(REL, source_iso(REL))


def task_netinstall() -> DoitTask:
    """the bootable ISO that installs from the network, sealed; also images/boot.iso of the tree"""
    return doit_task(REL, netinstall(REL))


def task_jigdo() -> Iterator[DoitTask]:
    """.jigdo and .template of every ISO"""
    yield from doit_group(REL, "jigdo", task_jigdo.__doc__ or "", jigdo(REL))


def task_checksums() -> DoitTask:
    """SHA256SUMS, CHECKSUM and MD5SUMS beside the media"""
    return doit_task(REL, checksums(REL))


def task_sign() -> DoitTask:
    """detached OpenPGP signatures of the checksum files, by the key of [signing]"""
    return doit_task(REL, sign(REL))


def task_manifests() -> DoitTask:
    """file lists, composeinfo, rpms and images for machines, and the bill of materials (SPDX)"""
    return doit_task(REL, manifests(REL))


def task_record() -> DoitTask:
    """build-record.json: what went in, what came out, and by what"""
    return doit_task(REL, record(REL))


def task_rebuild() -> DoitTask:
    """build again from a record in a directory of its own, and compare: doit rebuild [RECORD] [--to DIR]"""
    return doit_task(REL, rebuild(REL))


def task_release() -> DoitTask:
    """everything that users download"""
    return doit_task(REL, release(REL))


def task_verify() -> DoitTask:
    """read the finished media back: files, signatures, seal, boot records, labels, repodata, .treeinfo, jigdo"""
    return doit_task(REL, verify(REL))


def task_compare() -> DoitTask:
    """what differs between two releases, each a packages.lock, a tree or an ISO: doit compare A B"""
    return doit_task(REL, compare())


def task_boot_test() -> DoitTask:
    """boot every medium in qemu four ways, from the menu to the kernel and the words of [boot_test]"""
    return doit_task(REL, boot_test(REL))


def task_secure_boot() -> DoitTask:
    """who signed each EFI binary of the medium, below which authority, and whether each trusts what it starts"""
    return doit_task(REL, secure_boot(REL))


def task_preview() -> DoitTask:
    """the boot menu as a PNG, seconds after an edit"""
    return doit_task(REL, preview(REL))


def task_plan_publish() -> DoitTask:
    """what doit publish will do to the tree that mirrors replicate, and the result of every check; touches nothing"""
    return doit_task(REL, plan_publish(REL))


def task_publish() -> DoitTask:
    """the release into its channel: built beside its place, read back, seen at once; --from testing: what lies there"""
    return doit_task(REL, publish(REL))


def task_verify_published() -> DoitTask:
    """what was published, read back, here or over HTTP (--url): bytes, repodata, signatures; touches nothing"""
    return doit_task(REL, verify_published(REL))


def task_rollback() -> DoitTask:
    """the last publish or move taken back, or one that was interrupted; --dry-run shows which"""
    return doit_task(REL, rollback(REL))


def task_retire() -> DoitTask:
    """a final release to obsolete/: doit retire VERSION"""
    return doit_task(REL, retire(REL))


def task_prune() -> DoitTask:
    """test releases that [publish] keep and days let go, never one that a link names"""
    return doit_task(REL, prune(REL))
