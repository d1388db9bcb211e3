// SPDX-License-Identifier: GPL-2.0-or-later
// A target of C headers needs one file that compiles; this one checks the headers' layouts.
#include "hypercalls.h"
#include "layout.h"
#include "public.h"
#include "shared.h"
