// SPDX-License-Identifier: GPL-2.0-or-later
// Declarations only: SwiftPM wants a source file in each C module.
#include "CCrypto.h"
