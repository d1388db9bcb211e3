// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc

/// Measures parts of the loader on the host, for tools/bench-core.
///
/// Usage: core-bench decode FORMAT FILE BYTES ours|library, core-bench domain MIB
@main
enum CoreBench {
  static func main() throws {
    let words = CommandLine.arguments
    if words.count == 6, words[1] == "decode", let byteCount = Int(words[4]) {
      try DecoderBench.run(
        format: words[2], file: words[3], byteCount: byteCount, isOurs: words[5] == "ours")
    } else if words.count == 3, words[1] == "domain", let mebibytes = UInt64(words[2]) {
      try DomainBench.run(mebibytes: mebibytes)
    } else {
      print("usage: core-bench decode FORMAT FILE BYTES ours|library | domain MIB")
      exit(2)
    }
  }

  /// Seconds that `work` takes.
  static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    return Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
  }
}
