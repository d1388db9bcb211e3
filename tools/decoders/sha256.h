/* SPDX-License-Identifier: GPL-2.0-or-later */
/* liblzma's check.h calls the system's SHA-256 by these names. Here it is libtomcrypt's, which is linked for
 * passwords anyway. */
#include <tomcrypt.h>

#define SHA256_CTX hash_state
#define SHA256_Init(state) sha256_init(state)
#define SHA256_Update(state, bytes, count) sha256_process(state, bytes, count)
#define SHA256_Final(digest, state) sha256_done(state, digest)
