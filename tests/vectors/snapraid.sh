#!/bin/sh
# snapraid.sh: writes snapraid.json, golden vectors computed by SnapRAID itself.
#
#   apt-get install -y --no-install-recommends snapraid
#   sh tests/vectors/snapraid.sh > tests/vectors/snapraid.json
#
# SnapRAID makes an array of directories, one a disk, with one file of 64 bytes each, and `snapraid sync` writes the parity files. They
# begin with the parity of those 64 bytes; the rest of their only block is zeros. The data is that of isal.c.
set -eu
bytes=64
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

# vector K M
vector() {
    rm -rf "${here:?}"/*
    {
        echo "blocksize 1"
        echo "parity $here/parity1"
        for i in $(seq 2 "$2"); do echo "$i-parity $here/parity$i"; done
        for i in $(seq 0 "$2"); do echo "content $here/content$i/content"; done
        for j in $(seq 1 "$1"); do echo "data d$j $here/disk$j"; done
    } > "$here/conf"
    for i in $(seq 0 "$2"); do mkdir "$here/content$i"; done
    for j in $(seq 1 "$1"); do
        mkdir "$here/disk$j"
        perl -e 'my ($j, $bytes) = @ARGV; binmode STDOUT; print map { chr((7 * $_ + 31 * $j + $_ * $j % 251) % 256) } 0 .. $bytes - 1' \
            $((j - 1)) "$bytes" > "$here/disk$j/file"
    done
    snapraid --conf "$here/conf" --test-skip-device sync >&2
    printf '    {\n      "code": "snapraid", "data_shards": %d, "parity_shards": %d,\n      "parity": [\n' "$1" "$2"
    for i in $(seq 1 "$2"); do
        [ "$i" = "$2" ] && comma="" || comma=,
        printf '        "%s"%s\n' "$(head -c "$bytes" "$here/parity$i" | od -An -v -tx1 | tr -d ' \n')" "$comma"
    done
    printf '      ]\n    }'
}

version=$(dpkg-query --show --showformat '${Version}' snapraid)
printf '{\n  "source": "SnapRAID %s",\n  "shard_bytes": %d,\n  "vectors": [\n' "${version%-*}" "$bytes"
vector 4 2
printf ',\n'
vector 6 3
printf ',\n'
vector 6 6
printf ',\n'
vector 20 6
printf '\n  ]\n}\n'
