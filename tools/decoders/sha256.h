/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liblzma's check.h takes a system's SHA-256 by these names: it is libtomcrypt's, which passwords need. */
#include <tomcrypt.h>

#define SHA256_CTX hash_state
#define SHA256_Init(state) sha256_init(state)
#define SHA256_Update(state, bytes, count) sha256_process(state, bytes, count)
#define SHA256_Final(digest, state) sha256_done(state, digest)
