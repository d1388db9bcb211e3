// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What the loader spends its time with.
public enum BootPhase: Int, CaseIterable, Sendable {
  /// Console, display, disks.
  case connect
  /// Partitions, file systems, the menu's file.
  case search
  /// The menu or the command line is shown, or waits.
  case menu
  /// The kernel is read and unpacked.
  case kernel
  /// Ramdisks or modules are read.
  case ramdisks
  /// The new domain is built and the disks are closed.
  case handOver

  /// The name in the report.
  public var name: ByteString {
    switch self {
    case .connect: "connect"
    case .search: "search"
    case .menu: "menu"
    case .kernel: "kernel"
    case .ramdisks: "ramdisks"
    case .handOver: "handover"
    }
  }
}

/// The time in each phase, in nanoseconds. A clock that runs backwards counts as one that stands.
public struct BootTimes: Equatable, Sendable {
  /// When the loader started.
  public let start: UInt64

  private var sums: [UInt64]
  private var phase = BootPhase.connect
  private var phaseStart: UInt64

  /// The loader starts to connect.
  public init(now: UInt64) {
    start = now
    phaseStart = now
    sums = [UInt64](repeating: 0, count: BootPhase.allCases.count)
  }

  /// Ends the phase and begins another; one that comes again goes on.
  public mutating func enter(_ next: BootPhase, now: UInt64) {
    sums[phase.rawValue] = sum(of: phase, now: now)
    phase = next
    phaseStart = max(now, phaseStart)
  }

  /// Begins an attempt to boot: what an earlier one took is not part of it.
  public mutating func startAttempt(now: UInt64) {
    enter(.kernel, now: now)
    for phase in [BootPhase.kernel, .ramdisks, .handOver] { sums[phase.rawValue] = 0 }
  }

  /// The nanoseconds of a phase up to `now`.
  public func sum(of other: BootPhase, now: UInt64) -> UInt64 {
    let current = other == phase && now > phaseStart ? now - phaseStart : 0
    // Wrapping: five centuries of nanoseconds.
    return sums[other.rawValue] &+ current
  }

  /// The nanoseconds since the start.
  public func total(now: UInt64) -> UInt64 { now > start ? now - start : 0 }

  /// The milliseconds of each phase and of all: `connect=12 search=3 ... total=420`.
  public func text(now: UInt64) -> ByteString {
    var result = ByteString()
    for phase in BootPhase.allCases {
      result += "\(phase.name)=\(sum(of: phase, now: now) / 1_000_000) "
    }
    return result + "total=\(total(now: now) / 1_000_000)"
  }
}
