// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport

@testable import ExFAT

/// A small image in memory, to be damaged field by field. The checksums of boot regions and sets of
/// entries are made right again.
struct EditedImage {
  typealias System = ExFATFileSystem<MemoryDevice>

  /// Clusters of 512 bytes.
  static let small = Result { try EditedImage("small") }

  static let sector = 512
  /// The first byte of a type of entries.
  static let capitals: UInt8 = 0x82
  static let label: UInt8 = 0x83

  var bytes: [UInt8]

  init(_ variant: String) throws { bytes = try TestImage("exfat", variant).bytes() }

  var volume: Volume<MemoryDevice> { Volume(whole: MemoryDevice(name: "xvda", bytes: bytes)) }

  func open() throws -> System { try System.open(volume) }

  func u32(_ offset: Int) -> UInt32 { ByteView(bytes).u32(at: offset) ?? 0 }

  mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      bytes.replaceSubrange(offset..<offset + raw.count, with: raw)
    }
  }

  /// Puts a number into the boot sector of a region, and its checksum.
  mutating func putBoot<Number: FixedWidthInteger>(
    _ value: Number, at offset: Int, region: Int = 0
  ) {
    let start = region * 12 * Self.sector
    put(value, at: start + offset)
    sealBoot(region: region)
  }

  mutating func sealBoot(region: Int = 0) {
    let start = region * 12 * Self.sector
    let end = start + 11 * Self.sector
    guard bytes.count >= end + Self.sector else { return }
    let sum = BootSector.checksum(Array(bytes[start..<end]))
    for index in 0..<Self.sector / 4 { put(sum, at: end + 4 * index) }
  }

  /// Where a cluster is.
  func cluster(_ number: UInt32) throws -> Int {
    let sector = try BootSector(ByteView(Array(bytes[..<512])))
    return Int(sector.dataByteOffset + UInt64(number - 2) << sector.clusterShift)
  }

  /// Where the table has a cluster.
  func tableEntry(_ number: UInt32) -> Int { Int(u32(80)) * Self.sector + 4 * Int(number) }

  /// Where the first entry of a type of the root directory is.
  func rootEntry(_ type: UInt8) throws -> Int {
    let system = try open()
    for case .run(let offset, let count) in try system.directoryRuns(of: system.root()) {
      for place in stride(from: Int(offset), to: Int(offset + count), by: 32)
      where bytes[place] == type { return place }
    }
    throw EditFailure()
  }

  /// Where the set of entries of a name is: in the order in which they lie on the volume.
  func entries(_ name: String) throws -> Int {
    let units = Array(name.utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    for place in stride(from: try cluster(2), to: bytes.count - 96, by: 32)
    where bytes[place] == 0x85 && bytes[place + 64] == 0xc1 && bytes[place + 35] == units.count / 2
    {
      let front = min(units.count, 30)
      if Array(bytes[place + 66..<place + 66 + front]) == Array(units[..<front]) { return place }
    }
    throw EditFailure()
  }

  /// Puts a number into the set of entries of a name, and its checksum.
  mutating func putEntry<Number: FixedWidthInteger>(
    _ name: String, _ value: Number, at offset: Int
  ) throws {
    let place = try entries(name)
    put(value, at: place + offset)
    sealSet(at: place)
  }

  mutating func sealSet(at place: Int) {
    var sum: UInt16 = 0
    for index in 0..<32 * (1 + Int(bytes[place + 1])) where index != 2 && index != 3 {
      guard place + index < bytes.count else { return }
      sum = Checksum.next(sum, bytes[place + index])
    }
    put(sum, at: place + 2)
  }

  /// The error of `body` on this image.
  func error<Value>(_ body: (System) throws -> Value) -> ExFATError? {
    ReaderError.of(ExFATError.self) { try body(try open()) }
  }

  var openingError: ExFATError? { error { $0 } }

  /// The error of walking to `path` and finding out where what it holds is.
  func error(at path: ByteString) -> ExFATError? {
    error { system in try ReaderError.look(at: path, in: system) }
  }

  func contents(_ path: ByteString) throws -> [UInt8] {
    let system = try open()
    return try FileContents.readAll(path, in: system, on: system.volume, limit: 1 << 20)
  }
}

struct EditFailure: Error {}
