if [ -d "/run/install/repo/${variants%% *}/repodata" ]; then
    top=/run/install/repo
else
    top=$(cat /run/install/address)
fi
for variant in $variants; do
    say "medium holds $(find "/run/install/repo/$variant/Packages" -name '*.rpm' 2> /dev/null | wc -l) packages of $variant"
    repo=$top/$variant
    check_packages
done
finish done
