"""The contents page: one task a step, in the order of the wiki page that it replaces."""

from smedoit import fresh, tasks, wiring

REL = wiring.release()
DOIT_CONFIG = fresh.settings(REL)


def task_sample():
    """a practice world below [paths] root: signed RPMs, boot set, content, translations"""
    return tasks.sample(REL)


def task_packages():
    """packages.lock: the newest verified package of every name in the staged tiers"""
    return tasks.packages(REL)


def task_stage_packages():
    """Packages/ of the tree, as hard links to the tiers"""
    return tasks.stage_packages(REL)


def task_tree():
    """boot files, release notes and keys of the tree, from their layers"""
    return tasks.tree(REL)


def task_isolinux():
    """the boot menu for BIOS: version and volume label"""
    return tasks.isolinux(REL)


def task_grub():
    """the boot menu for UEFI, in EFI/BOOT and inside efiboot.img"""
    return tasks.grub(REL)


def task_product_img():
    """images/product.img: install classes, logos, .buildstamp and release files"""
    return tasks.product_img(REL)


def task_updates_img():
    """images/updates.img: the installer's updates and translations"""
    return tasks.updates_img(REL)


def task_comps():
    """the groups that the installer offers, held against the packages"""
    return tasks.comps(REL)


def task_repodata():
    """repodata/ of the tree, for yum and the installer"""
    return tasks.repodata(REL)


def task_treeinfo():
    """.treeinfo, .discinfo and media.repo"""
    return tasks.treeinfo(REL)


def task_iso():
    """the bootable ISO, sealed, with its checksum beside it"""
    return tasks.iso(REL)


def task_verify():
    """read the finished ISO back: files, seal, boot records, labels, repodata, .treeinfo"""
    return tasks.verify(REL)
