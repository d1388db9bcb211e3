// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Names that were wanted of a directory. A directory can be as long as its disk likes, so only so
/// many are kept.
public struct FoundNames: Equatable, Sendable {
  /// The names, in the order in which they were met.
  public var names: [ByteString] = []
  /// How many more there were.
  public var leftOutCount = 0

  /// No names.
  public init() {}

  /// Takes one more name.
  mutating func add(_ name: ByteString, limit: Int) {
    if names.count < limit { names.append(name) } else { leftOutCount += 1 }
  }
}

extension MenuEnvironment {
  /// The names in a directory that are wanted, at most `limit`; nil if there is no such directory.
  @inline(never)
  public func names(
    inDirectory directory: MenuFile, limit: Int = MenuLimits.directoryNameCountMax,
    where isWanted: (ByteString) -> Bool = { _ in true }
  ) -> FoundNames? {
    var found = FoundNames()
    let isThere = visitNames(inDirectory: directory) { name in
      if isWanted(name) { found.add(name, limit: limit) }
      return true
    }
    return isThere ? found : nil
  }
}
