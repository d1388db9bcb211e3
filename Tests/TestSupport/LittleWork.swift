// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// Shows that a reader pays for what it does, and stops when it can't any more. Work is counted;
/// how long it takes on this machine does not matter.
public enum LittleWork {
  /// Whether `body`, which works on `volume`, ends with the error of work that is used up when it
  /// may do half of what it takes, and does not do more before it ends.
  public static func isPaid<Device: BlockDevice, Failure: BootFailure, Value>(
    on volume: Volume<Device>, _ wrap: (BlockError) -> Failure, _ body: () throws -> Value
  ) throws -> Bool {
    // What is read first is kept, and takes less later.
    _ = try body()
    volume.work.renew(limit: .max)
    _ = try body()
    return endsWithin(volume.work.spent / 2, on: volume, wrap, body)
  }

  /// Whether `body` ends with the error of work that is used up, before it has done twice as much
  /// as it may.
  public static func endsWithin<Device: BlockDevice, Failure: BootFailure, Value>(
    _ limit: UInt64, on volume: Volume<Device>, _ wrap: (BlockError) -> Failure,
    _ body: () throws -> Value
  ) -> Bool {
    volume.work.renew(limit: limit)
    defer { volume.work.renew(limit: .max) }
    guard let error = ReaderError.of(Failure.self, body) else { return false }
    let expected = WorkKind.allCases.map {
      wrap(.work(.spent($0, count: volume.work.count(of: $0))))
    }
    return expected.contains(error) && volume.work.spent < 2 * limit
  }

  /// What a test allows where a reader could go on for minutes, in picoseconds: 5 ms.
  public static let limit: UInt64 = 5_000_000_000
}
