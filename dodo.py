"""The contents page: one task a step, in the order of the wiki page that it replaces."""

from __future__ import annotations

from smedoit.artifacts.tasks import checksums, manifests, rebuild, record, release, sign, verify
from smedoit.bootset.tasks import boot_set, pin_boot_set
from smedoit.boottest.tasks import boot_test, preview
from smedoit.checks.tasks import anaconda_version, check_versions, closure, install_classes, quality, updates
from smedoit.content.tasks import content, mirror
from smedoit.doctor import tasks
from smedoit.engine import state, task
from smedoit.installer.tasks import (
    anaconda_source,
    build_installer,
    build_iso,
    clean_mock,
    installer,
    mock_init,
    product_img,
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
from smedoit.publish.tasks import plan_publish, prune, publish, retire, rollback
from smedoit.release.tasks import bump, new_major, notes, release_package, stage_link
from smedoit.repoview.tasks import repoview
from smedoit.sample.tasks import sample
from smedoit.tiers.tasks import promote, tiers, why_package
from smedoit.translations.tasks import patches, translations
from smedoit.tree.tasks import grub, isolinux, tree, treeinfo

REL = task.current_release()
DOIT_CONFIG = state.doit_config(REL)


def task_doctor():
    """what this machine has and lacks for the steps of this release"""
    return tasks.doctor(REL)


def task_sample():
    """a practice world below [paths] root: signed RPMs, boot set, content, translations"""
    return sample(REL)


def task_content():
    """content and other source trees, from CVS, git or a directory, at the revision that release.toml names"""
    return content(REL)


def task_mirror():
    """local copies of releases and upstream, by rsync: what would disappear is counted first"""
    yield from mirror(REL)


def task_tiers():
    """repodata of every tier, for yum: of each architecture and of the sources"""
    yield from tiers(REL)


def task_promote():
    """packages to the next tier of the cycle, with their sources; --dry-run shows the plan, --undo takes it back"""
    return promote(REL)


def task_why_package():
    """every copy of a package in every tier, and the rule that decided about it"""
    return why_package(REL)


def task_packages():
    """packages.lock: the newest verified package of every name in the staged tiers"""
    return packages(REL)


def task_stage_packages():
    """Packages/ of the tree, as hard links to the tiers"""
    return stage_packages(REL)


def task_patches():
    """patches of the server-manager's translations that wait, and whether the medium has them"""
    return patches(REL)


def task_translations():
    """the installer's translations, exactly as their server has them"""
    return translations(REL)


def task_pin_boot_set():
    """boot_set.sha256: what the boot set's source has now, held against upstream's checksums"""
    return pin_boot_set(REL)


def task_boot_set():
    """the boot set, fetched and checked as it is pinned"""
    return boot_set(REL)


def task_tree():
    """boot files, release notes and keys of the tree, from their layers"""
    return tree(REL)


def task_medium_keys():
    """the keys on the medium verify every package on it"""
    return medium_keys(REL)


def task_isolinux():
    """the boot menu for BIOS: version and volume label"""
    return isolinux(REL)


def task_grub():
    """the boot menu for UEFI, in EFI/BOOT and inside efiboot.img"""
    return grub(REL)


def task_anaconda_source():
    """koozali.py, centos.py and fedora.py from upstream's source package of anaconda and our patches"""
    return anaconda_source(REL)


def task_install_classes():
    """the installer's Python sources, judged by a Python 2.7, and which install class would win"""
    return install_classes(REL)


def task_product_img():
    """images/product.img: install classes, logos, .buildstamp and release files"""
    return product_img(REL)


def task_updates_img():
    """images/updates.img: the installer's updates and translations"""
    return updates_img(REL)


def task_comps():
    """the groups that the installer offers, held against the packages"""
    return comps(REL)


def task_repodata():
    """repodata/ of the tree, for yum and the installer"""
    return repodata(REL)


def task_closure():
    """what the medium's packages need, and whether every group can be installed, from the medium alone"""
    return closure(REL)


def task_repoview():
    """web pages of each tier and of the tree: groups, letters, packages with changelogs, a feed"""
    yield from repoview(REL)


def task_updates():
    """what a yum update after the first boot would fetch: nothing, or it is explained"""
    return updates(REL)


def task_quality():
    """who verified each package that changed since the last release"""
    return quality(REL)


def task_anaconda_version():
    """upstream's anaconda held against ours, and against the one in smeextras"""
    return anaconda_version(REL)


def task_treeinfo():
    """.treeinfo, .discinfo and media.repo"""
    return treeinfo(REL)


def task_stage_link():
    """the link stage/N to the directory of this version"""
    return stage_link(REL)


def task_release_package():
    """the package that carries the version says what release.toml says"""
    return release_package(REL)


def task_bump():
    """the spec file of that package for this version, as a diff; --apply writes it"""
    return bump(REL)


def task_new_major():
    """the content tree and release.toml of the next major, made beside the old ones"""
    return new_major(REL)


def task_mock_init():
    """the private chroot that lorax and other tools of the release run in"""
    return mock_init(REL)


def task_installer():
    """whether the installer must be built again, by what changed; and, with lorax, its new images"""
    return installer(REL)


def task_clean_mock():
    """remove that chroot and its configuration"""
    return clean_mock(REL)


def task_update_repos():
    """the page's name for packages, stage_packages, comps and repodata"""
    return update_repos(REL)


def task_build_installer():
    """the page's name for installer, with its log as stage/N/build_installer.ARCH"""
    return build_installer(REL)


def task_build_ISO():
    """the page's name for iso and what it waits for, with their logs as stage/N/build_ISO.ARCH"""
    return build_iso(REL)


def task_notes():
    """release notes against the last release: README.txt, Markdown, HTML; --content puts it into the content tree"""
    return notes(REL)


def task_check_versions():
    """no word of another release in the tree or inside its images"""
    return check_versions(REL)


def task_iso():
    """the bootable ISO, sealed, with its checksum beside it"""
    return iso(REL)


def task_sources():
    """sources.lock: the verified source package of everything in packages.lock"""
    return sources(REL)


def task_stage_sources():
    """SRPMS/ beside the tree, as hard links to the tiers"""
    return stage_sources(REL)


def task_source_repodata():
    """repodata/ of SRPMS/"""
    return source_repodata(REL)


def task_source_iso():
    """the source ISO, or the discs of it, sealed"""
    return source_iso(REL)


def task_netinstall():
    """the bootable ISO that installs from the network, sealed; also images/boot.iso of the tree"""
    return netinstall(REL)


def task_jigdo():
    """.jigdo and .template of every ISO"""
    yield from jigdo(REL)


def task_checksums():
    """SHA256SUMS, CHECKSUM and MD5SUMS beside the media"""
    return checksums(REL)


def task_sign():
    """detached OpenPGP signatures of the checksum files, by the key of [signing]"""
    return sign(REL)


def task_manifests():
    """file lists, composeinfo, rpms and images for machines, and the bill of materials (SPDX)"""
    return manifests(REL)


def task_record():
    """build-record.json: what went in, what came out, and by what"""
    return record(REL)


def task_rebuild():
    """build again from a record in a directory of its own, and compare: doit rebuild [RECORD] [--to DIR]"""
    return rebuild(REL)


def task_release():
    """everything that users download"""
    return release(REL)


def task_verify():
    """read the finished media back: files, seal, boot records, labels, repodata, .treeinfo, jigdo"""
    return verify(REL)


def task_boot_test():
    """boot every medium in qemu four ways, from the menu to the kernel and the words of [boot_test]"""
    return boot_test(REL)


def task_preview():
    """the boot menu as a PNG, seconds after an edit"""
    return preview(REL)


def task_plan_publish():
    """what doit publish will do to the tree that mirrors replicate, and every gate before it; touches nothing"""
    return plan_publish(REL)


def task_publish():
    """the release into its channel: built beside its place, read back, seen at once; --from testing moves final bits"""
    return publish(REL)


def task_rollback():
    """the last publish or move taken back, or one that was interrupted; --dry-run shows which"""
    return rollback(REL)


def task_retire():
    """a final release to obsolete/: doit retire VERSION"""
    return retire(REL)


def task_prune():
    """test releases that [publish] keep and days let go, never one that a link names"""
    return prune(REL)
