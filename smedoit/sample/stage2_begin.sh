#!/bin/busybox sh
# The practice installer's second stage, anaconda's part: says what it is and where it would install from, holds every
# package there against the repodata, and switches the machine off.
/bin/busybox --install -s /bin
. /say.sh

stamp() {
    sed -n "s/^$1 *= *//p" /.buildstamp
}

from_repo() {
    case $repo in
        http://*) wget -q -O - "$repo/$1" ;;
        *) cat "$repo/$1" ;;
    esac
}

# Lines of "SHA-256 href" of a primary.xml, which createrepo_c writes with one element a line.
packages_of() {
    sed -n -e 's/.*<checksum type="sha256" pkgid="YES">\([0-9a-f]*\)<.*/\1/p' -e 's/.*<location href="\([^"]*\)".*/\1/p' |
        paste -d ' ' - -
}

check_packages() {
    primary=$(from_repo repodata/repomd.xml | sed -n 's/.*<location href="\([^"]*primary.xml.gz\)".*/\1/p')
    [ -n "$primary" ] || { say "no repository at $repo"; return; }
    from_repo "$primary" | gzip -dc | packages_of > /tmp/packages
    good=0
    while read -r digest href; do
        if [ "$(from_repo "$href" | sha256sum | cut -d ' ' -f 1)" = "$digest" ]; then
            good=$((good + 1))
        else
            say "$href is not what the repodata says"
        fi
    done < /tmp/packages
    say "$good of $(wc -l < /tmp/packages) packages are as the repodata of $repo says"
}

mkdir -p /tmp
mount -t tmpfs tmpfs /tmp
say "stage 2 runs: $(cat /etc/practice-runtime 2> /dev/null || echo "in memory, as the builder had no mksquashfs")"
for key in Product Version IsFinal; do
    say "$key $(stamp $key)"
done
