// SPDX-License-Identifier: GPL-2.0-or-later

/// Makes ELF kernels, good ones and ones with a single fault.
package struct ELFBuilder {
  package struct Segment {
    package var type: UInt32 = 1
    package var fileOffset: UInt64
    package var physicalAddress: UInt64
    package var fileByteCount: UInt64
    package var memoryByteCount: UInt64

    package init(
      type: UInt32 = 1, fileOffset: UInt64, physicalAddress: UInt64, fileByteCount: UInt64,
      memoryByteCount: UInt64
    ) {
      self.type = type
      self.fileOffset = fileOffset
      self.physicalAddress = physicalAddress
      self.fileByteCount = fileByteCount
      self.memoryByteCount = memoryByteCount
    }
  }

  package init() {}

  package var segments: [Segment] = []
  package var entry: UInt64 = 0
  /// Where program headers are in the file.
  package var programHeadersOffset = 64
  /// The bytes of the file after the headers, at their offsets.
  package var contents: [(offset: Int, bytes: [UInt8])] = []

  package static let linuxBase: UInt64 = 0xffff_ffff_8000_0000

  /// A kernel as Linux is: text, data with notes inside, and bss, with a tail that is not loaded.
  package static func linux(
    textByteCount: Int = 20_000, tailByteCount: Int = 3000, notes: [UInt8] = Notes.linux
  ) -> ELFBuilder {
    var builder = ELFBuilder()
    let text = pattern(textByteCount, seed: 1)
    let data = pattern(5000, seed: 2)
    let dataOffset = UInt64(4096 + (textByteCount + 4095) / 4096 * 4096)
    builder.entry = 0x100_0000
    builder.segments = [
      Segment(
        fileOffset: 4096, physicalAddress: 0x100_0000, fileByteCount: UInt64(textByteCount),
        memoryByteCount: UInt64(textByteCount)),
      Segment(
        fileOffset: dataOffset, physicalAddress: 0x120_0000,
        fileByteCount: UInt64(data.count + notes.count), memoryByteCount: 50_000),
      Segment(
        type: 4, fileOffset: dataOffset + UInt64(data.count), physicalAddress: 0,
        fileByteCount: UInt64(notes.count), memoryByteCount: UInt64(notes.count)),
    ]
    builder.contents = [
      (4096, text), (Int(dataOffset), data + notes),
      (Int(dataOffset) + data.count + notes.count, pattern(tailByteCount, seed: 3)),
    ]
    return builder
  }

  package var bytes: [UInt8] {
    var size = programHeadersOffset + segments.count * 56
    for content in contents { size = max(size, content.offset + content.bytes.count) }
    var file = [UInt8](repeating: 0, count: size)
    file.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
    file.store(2, at: 16, count: 2)
    file.store(62, at: 18, count: 2)
    file.store(1, at: 20, count: 4)
    file.store(entry, at: 24, count: 8)
    file.store(UInt64(programHeadersOffset), at: 32, count: 8)
    file.store(64, at: 52, count: 2)
    file.store(56, at: 54, count: 2)
    file.store(UInt64(segments.count), at: 56, count: 2)
    for (index, segment) in segments.enumerated() {
      let offset = programHeadersOffset + index * 56
      file.store(UInt64(segment.type), at: offset, count: 4)
      file.store(segment.fileOffset, at: offset + 8, count: 8)
      file.store(segment.physicalAddress, at: offset + 16, count: 8)
      file.store(segment.physicalAddress, at: offset + 24, count: 8)
      file.store(segment.fileByteCount, at: offset + 32, count: 8)
      file.store(segment.memoryByteCount, at: offset + 40, count: 8)
      file.store(4096, at: offset + 48, count: 8)
    }
    for content in contents {
      file.replaceSubrange(
        content.offset..<content.offset + content.bytes.count, with: content.bytes)
    }
    return file
  }

  /// Bytes that differ from place to place.
  package static func pattern(_ byteCount: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<byteCount).map { index in
      if index % 3 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  /// A bzImage around `payload`, whose last four bytes tell the unpacked size as kernels have it.
  package static func bzImage(_ payload: [UInt8], setupSectorCount: UInt8 = 27) -> [UInt8] {
    let setup = (Int(setupSectorCount == 0 ? 4 : setupSectorCount) + 1) * 512
    var file = [UInt8](repeating: 0x90, count: setup + 0x300)
    file[0x1f1] = setupSectorCount
    file.store(0xaa55, at: 0x1fe, count: 2)
    file.store(0x5372_6448, at: 0x202, count: 4)
    file.store(0x020f, at: 0x206, count: 2)
    file.store(0x003f, at: 0x236, count: 2)
    file.store(0x300, at: 0x248, count: 4)
    file.store(UInt64(payload.count), at: 0x24c, count: 4)
    return file + payload + [UInt8](repeating: 0xcc, count: 5000)
  }
}

/// Contents of note segments.
package enum Notes {
  /// The notes of a Debian kernel, with one of another name between them.
  package static var linux: [UInt8] {
    text(6, "linux") + text(7, "2.6") + text(5, "xen-3.0") + number(3, ELFBuilder.linuxBase)
      + number(15, 0x80_0000_0000) + number(1, ELFBuilder.linuxBase + 0x100_0100)
      + make(name: "GNU", 3, [1, 2, 3, 4, 5, 6, 7, 8])
      + text(10, "!writable_page_tables|pae_pgdir_above_4gb")
      + make(17, [0x11, 0x88, 0, 0]) + text(9, "yes") + text(8, "generic")
      + make(13, [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]) + number(14, 1)
      + make(16, [1, 0, 0, 0]) + number(4, 0) + number(12, 0xffff_8000_0000_0000)
      + make(18, [0x20, 0x03, 0x00, 0x01])
  }

  package static func make(name: String = "Xen", _ type: UInt32, _ content: [UInt8]) -> [UInt8] {
    var note = [UInt8](repeating: 0, count: 12)
    note.store(UInt64(name.utf8.count + 1), at: 0, count: 4)
    note.store(UInt64(content.count), at: 4, count: 4)
    note.store(UInt64(type), at: 8, count: 4)
    note += padded(Array(name.utf8) + [0])
    return note + padded(content)
  }

  package static func number(_ type: UInt32, _ value: UInt64) -> [UInt8] {
    var content = [UInt8](repeating: 0, count: 8)
    content.store(value, at: 0, count: 8)
    return make(type, content)
  }

  package static func text(_ type: UInt32, _ text: String) -> [UInt8] {
    make(type, Array(text.utf8) + [0])
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
  }
}

extension [UInt8] {
  /// Stores the low `count` bytes of `value`, low one first.
  package mutating func store(_ value: UInt64, at offset: Int, count: Int) {
    for index in 0..<count {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}
