#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A volume encrypted with luks1 or luks2, the second argument; the passphrase is x. The fewest
# iterations that are allowed.
truncate -s 20M "$1"
options=(--pbkdf-force-iterations 1000)
[ "$2" = luks1 ] || options+=(--pbkdf pbkdf2 --luks2-keyslots-size 256k)
printf x | cryptsetup luksFormat -q --type "$2" "${options[@]}" "$1" -
