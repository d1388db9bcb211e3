// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Testing

@Suite struct ReadPlanTests {
}
