// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import Glibc

/// Compares what work on a file system of any format takes with what is charged for it
/// (`WorkPrices`). Prints a line for each kind of question: how long it took, how long it would
/// have taken at the prices, and what was counted. The second should be the larger one, or nearly
/// so.
struct PriceMeter {
  typealias System = MountedFileSystem<CachedDevice<CountingFile>>

  /// How often each question is asked.
  private static let roundCount = 20
  private static let fileByteCountMax = 8 << 20

  private static var entries: ByteString { "/loader/entries" }

  private let image: String
  private let device: CachedDevice<CountingFile>
  private let work = WorkAccount()

  init?(_ image: String) {
    guard let file = CountingFile(image) else { return nil }
    self.image = image
    device = CachedDevice(file, work: work)
  }

  func run() throws {
    guard let system = try System.probe(Volume(whole: device)) else {
      print("\(image): no file system")
      return
    }
    print("\(image): \(system.formatName.text)")
    try measure("probe", 1) { _ = try System.probe(system.volume) }
    if (try? system.kind(Self.entries)) == .directory {
      try measure("visit files", 1) {
        try system.visitFiles(
          in: Self.entries, limit: Self.fileByteCountMax, wants: { _ in true },
          visit: { _, _ in true })
      }
    }
    let (directories, others) = try paths(of: system)
    try measure("list", directories.count) {
      for path in directories { try system.visitNames(path) { _ in true } }
    }
    let names = directories + others
    try measure("look up", names.count) {
      for path in names { _ = try? system.attributes(path) }
    }
    try measure("miss", directories.count) {
      for path in directories { _ = try? system.attributes(path + "/no-such-name") }
    }
    try measure("read", others.count) {
      for path in others { _ = try? system.contents(path, limit: Self.fileByteCountMax) }
    }
  }

  /// Reads a file, or goes through a directory, with the work that one file system may take of a
  /// search.
  func runLimited(_ path: ByteString) throws {
    let limit = WorkLimits.search / 2
    let start = Self.processorTime
    work.renew(limit: limit)
    var count = 0
    do {
      guard let system = try System.probe(Volume(whole: device)) else { return }
      if case .directory = try system.kind(path) {
        try system.visitNames(path) { _ in
          count += 1
          return true
        }
      } else {
        count = try system.contents(path, limit: Self.fileByteCountMax).count
      }
      print("\(image) \(path.text): \(count) names or bytes")
    } catch let error as BootError {
      print("\(image) \(path.text): \(count) names; \(error.message.text)")
    }
    let taken = (Self.processorTime - start) / 1_000_000
    print("  \(taken) ms, charged \(work.spent / 1_000_000_000) ms")
  }

  private func paths(of system: System) throws -> (directories: [ByteString], others: [ByteString])
  {
    var directories: [ByteString] = ["/"]
    var others: [ByteString] = []
    var index = 0
    while index < directories.count {
      let directory = directories[index]
      index += 1
      var names: [ByteString] = []
      try system.visitNames(directory) { name in
        names.append(name)
        return true
      }
      for name in names {
        let path = (directory == "/" ? "/" : directory + "/") + name
        if let kind = try? system.kind(path), case .directory = kind {
          if directories.count < 2000, path.count < 200 { directories.append(path) }
        } else if others.count < 20_000 {
          others.append(path)
        }
      }
    }
    return (directories, others)
  }

  /// Nanoseconds that this program has had the processor: others may run meanwhile.
  private static var processorTime: Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  private func measure(_ name: String, _ count: Int, _ body: () throws -> Void) throws {
    try body()  // Fills the cache.
    work.renew(limit: .max)
    let start = Self.processorTime
    for _ in 0..<Self.roundCount { try body() }
    let taken = Double(Self.processorTime - start) / Double(Self.roundCount)
    let charged = Double(work.spent) / 1000 / Double(Self.roundCount)
    var line = "  \(name): \(count) in \(Int(taken / 1000)) us, charged \(Int(charged / 1000)) us ("
    line += "\(Int(100 * charged / max(1, taken))) %):"
    for kind in WorkKind.allCases where work.count(of: kind) > 0 {
      line += " \(work.count(of: kind) / UInt64(Self.roundCount)) \(kind.text.text),"
    }
    print(line)
  }
}
