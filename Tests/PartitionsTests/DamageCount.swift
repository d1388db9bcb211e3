// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// How often tests damage their images: `MUTATION_COUNT` in the environment, or less.
enum DamageCount {
  /// The number of rounds where `usual` do for every day.
  static func of(_ usual: Int) -> Int {
    Int(ProcessInfo.processInfo.environment["MUTATION_COUNT"] ?? "") ?? usual
  }
}
