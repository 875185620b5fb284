"""The contents page: one task a step, in the order of the wiki page that it replaces."""

from smedoit import fresh, wiring
from smedoit.tasks import medium, papers

REL = wiring.release()
DOIT_CONFIG = fresh.settings(REL)


def task_sample():
    """a practice world below [paths] root: signed RPMs, boot set, content, translations"""
    return medium.sample(REL)


def task_packages():
    """packages.lock: the newest verified package of every name in the staged tiers"""
    return medium.packages(REL)


def task_stage_packages():
    """Packages/ of the tree, as hard links to the tiers"""
    return medium.stage_packages(REL)


def task_tree():
    """boot files, release notes and keys of the tree, from their layers"""
    return medium.tree(REL)


def task_isolinux():
    """the boot menu for BIOS: version and volume label"""
    return medium.isolinux(REL)


def task_grub():
    """the boot menu for UEFI, in EFI/BOOT and inside efiboot.img"""
    return medium.grub(REL)


def task_product_img():
    """images/product.img: install classes, logos, .buildstamp and release files"""
    return medium.product_img(REL)


def task_updates_img():
    """images/updates.img: the installer's updates and translations"""
    return medium.updates_img(REL)


def task_comps():
    """the groups that the installer offers, held against the packages"""
    return medium.comps(REL)


def task_repodata():
    """repodata/ of the tree, for yum and the installer"""
    return medium.repodata(REL)


def task_treeinfo():
    """.treeinfo, .discinfo and media.repo"""
    return medium.treeinfo(REL)


def task_iso():
    """the bootable ISO, sealed, with its checksum beside it"""
    return medium.iso(REL)


def task_checksums():
    """SHA256SUMS, CHECKSUM and MD5SUMS beside the media"""
    return papers.checksums(REL)


def task_sign():
    """detached OpenPGP signatures of the checksum files, by the key of [signing]"""
    return papers.sign(REL)


def task_verify():
    """read the finished ISO back: files, seal, boot records, labels, repodata, .treeinfo"""
    return medium.verify(REL)
