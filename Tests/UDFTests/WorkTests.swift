// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import UDF

/// What a reader does is paid for.
struct WorkTests {
  @Test(arguments: ["block=512", "kind=virtual", "kind=metadata revision=0x250 entry=extended"])
  func namesArePaidFor(words: String) throws {
    let image = try UDFImage.make("made \(words)")
    let volume = image.volume
    let system = try UDFFileSystem.open(volume)
    let root = try system.root()
    #expect(
      try LittleWork.isPaid(on: volume, UDFError.device) { try system.entries(of: root) })
    volume.work.renew(limit: .max)
    #expect(UInt64(try system.entries(of: root).count) <= volume.work.count(of: .names))
    #expect(
      try LittleWork.isPaid(on: volume, UDFError.device) { try system.lookUp("none", in: root) })
  }
}
