if [ -d /run/install/repo/Packages ]; then
    say "medium holds $(find /run/install/repo/Packages -name '*.rpm' | wc -l) packages"
    repo=/run/install/repo
else
    say "medium holds 0 packages"
    repo=$(cat /run/install/address)
fi
check_packages
finish done
