// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CFuzz
import Glibc

/// Runs inputs one after the other, each with an account of its own, and measures them: what they
/// were charged, the time, the memory. Tells libFuzzer what was charged, so that it looks for
/// inputs that make more work. Keeps inputs that took much longer than they paid for.
public final class FuzzMeter {
  /// The memory in bytes that an execution may use up: what a domain of 96 MiB has for its heap.
  public static let memoryByteCountMax: Int64 = 80 << 20
  /// How many times longer an execution may take than what it was charged. The code is slowed down
  /// by what counts its edges.
  static let unpaidFactor: UInt64 = 10
  /// How many inputs are kept.
  static let findCountMax = 20

  private let target: any FuzzTarget
  private let folder: String
  private let account = WorkAccount()
  private let observer = MemoryObserver()
  private var findCount = 0
  private var executionCount = 0
  private var slowest = (nanoseconds: UInt64(0), work: UInt64(0))
  private var most = (memory: Int64(0), work: UInt64(0))
  private var worstRatio = 1.0

  /// A meter for a target; inputs are kept in `folder`, none if that is empty.
  public init(_ target: any FuzzTarget, folder: String) {
    self.target = target
    self.folder = folder
  }

  /// One execution.
  public func feed(_ input: ArraySlice<UInt8>) {
    let (nanoseconds, memory) = execute(input)
    let spent = account.spent
    executionCount += 1
    score(spent, memory)
    if nanoseconds > slowest.nanoseconds { slowest = (nanoseconds, spent) }
    if memory > most.memory { most = (memory, spent) }
    if isUnpaid(nanoseconds, spent) { judgeAgain(input, nanoseconds) }
  }

  /// The processor time, and the most memory at any time.
  private func execute(_ input: ArraySlice<UInt8>) -> (nanoseconds: UInt64, memory: Int64) {
    let used = fuzz_memory_used()
    observer.limit = used + Self.memoryByteCountMax
    account.observer = observer
    account.renew(
      limit: WorkLimits.search, reserveByteCount: WorkLimits.searchReserveByteCount)
    fuzz_memory_begin(Self.memoryByteCountMax)
    let start = fuzz_nanoseconds()
    target.run(input, account)
    let end = fuzz_nanoseconds()
    return (end - start, fuzz_memory_end() - used)
  }

  private func isUnpaid(_ nanoseconds: UInt64, _ spent: UInt64) -> Bool {
    nanoseconds > target.freeMilliseconds * 1_000_000 + spent / 1000 * Self.unpaidFactor
  }

  /// The machine may have been busy with something else: the quickest of some executions counts.
  private func judgeAgain(_ input: ArraySlice<UInt8>, _ first: UInt64) {
    guard isWorse(first), findCount < Self.findCountMax else { return }
    var quickest = first
    for _ in 0..<3 { quickest = min(quickest, execute(input).nanoseconds) }
    let spent = account.spent
    guard isUnpaid(quickest, spent), isWorse(quickest) else { return }
    worstRatio = ratio(quickest)
    findCount += 1
    let path = "\(folder)/unpaid-\(Self.name(of: input))"
    print(
      "unpaid work: \(quickest / 1000) us, and charged \(spent / 1_000_000) us: \(path)")
    fflush(nil)
    guard !folder.isEmpty, let file = fopen(path, "w") else { return }
    _ = Array(input).withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    fclose(file)
  }

  private func ratio(_ nanoseconds: UInt64) -> Double {
    Double(nanoseconds) * 1000 / Double(account.spent + 1_000_000)
  }

  /// Only what is worse than what was found is kept, so that there is one of each kind.
  private func isWorse(_ nanoseconds: UInt64) -> Bool { ratio(nanoseconds) > worstRatio * 1.5 }

  /// A name that says which input it is (FNV-1a).
  private static func name(of input: ArraySlice<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in input { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }

  /// A line for the script that runs all targets.
  public var summary: String {
    let values: [(String, UInt64)] = [
      ("executions", UInt64(executionCount)), ("slowest_us", slowest.nanoseconds / 1000),
      ("slowest_charged_us", slowest.work / 1_000_000), ("largest_kib", UInt64(most.memory >> 10)),
      ("unpaid", UInt64(findCount)),
    ]
    return "summary: " + values.map { "\($0)=\($1)" }.joined(separator: " ")
  }

  // MARK: The score

  private func score(_ spent: UInt64, _ memory: Int64) {
    fuzz_score(Self.bucket(spent))
    for kind in WorkKind.allCases {
      let count = account.count(of: kind)
      if count > 0 { fuzz_score(256 + UInt32(kind.rawValue) * 64 + UInt32(log2(count))) }
    }
    fuzz_score(1536 + Self.bucket(UInt64(max(0, memory))))
  }

  private func log2(_ value: UInt64) -> Int { 63 - value.leadingZeroBitCount }

  /// A number for each quarter of a power of two.
  private static func bucket(_ value: UInt64) -> UInt32 {
    guard value >= 4 else { return UInt32(value) }
    let power = 63 - value.leadingZeroBitCount
    return UInt32(power) * 4 + UInt32(value >> UInt64(power - 2) & 3)
  }
}

/// The memory of a small domain.
private final class MemoryObserver: WorkObserver {
  var limit: Int64 = 0

  func look(at account: WorkAccount) -> WorkAccount.Order { .goOn }
  var freeByteCount: UInt64 { UInt64(max(0, limit - fuzz_memory_used())) }
}
