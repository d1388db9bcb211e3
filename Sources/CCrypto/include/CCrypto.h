// SPDX-License-Identifier: GPL-2.0-or-later
// What the image uses of libtomcrypt: four hash functions. The archive comes from Debian's
// libtomcrypt-dev: on the host by a linker setting of the manifest, in the image by the toolset.
#ifndef PVGRUB_CCRYPTO_H
#define PVGRUB_CCRYPTO_H

#include <tomcrypt.h>

#endif
