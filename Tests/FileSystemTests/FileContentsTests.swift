// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

struct FileContentsTests {
  typealias ReadError = FileError<FakeFailure>
  let volume = Volume(whole: MemoryDevice(name: "xvda", bytes: Array(0..<100)))
  var system = FakeFileSystem()

  init() {
    system.nodes += [
      ("/dir", .directory), ("/link", .link("file")),
      (
        "/file",
        .file([.run(byteOffset: 10, byteCount: 2), .zeros(byteCount: 3), .inline([7, 8])])
      ),
      ("/outside", .file([.run(byteOffset: 99, byteCount: 2)])),
      ("/huge", .file([.zeros(byteCount: 1 << 60)])),
    ]
  }

  func read(_ path: ByteString, limit: Int) throws -> [UInt8] {
    try FileContents.readAll(path, in: system, on: volume, limit: limit)
  }

  @Test func joinsTheExtents() throws {
    #expect(try read("/file", limit: 7) == [10, 11, 0, 0, 0, 7, 8])
    #expect(try read("/link", limit: 100) == [10, 11, 0, 0, 0, 7, 8])
  }

  @Test func refusesMoreThanTheLimit() {
    #expect(throws: ReadError.tooLarge("/file", byteCount: 7, limit: 6)) {
      try read("/link", limit: 6)
    }
    #expect(throws: ReadError.tooLarge("/huge", byteCount: 1 << 60, limit: .max >> 4)) {
      try read("/huge", limit: .max >> 4)
    }
  }

  @Test func wantsAFile() {
    #expect(throws: ReadError.notAFile("/dir")) { try read("/dir", limit: 10) }
  }

  @Test func passesTheVolumesErrorsOn() {
    #expect(
      throws: ReadError.device(
        .outOfRange(byteOffset: 99, byteCount: 2, deviceByteCount: 100))
    ) { try read("/outside", limit: 10) }
  }
}
