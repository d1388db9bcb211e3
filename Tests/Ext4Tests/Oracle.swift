// SPDX-License-Identifier: GPL-2.0-or-later
import CExt2fs

/// What libext2fs says about an image.
final class Oracle {
  /// A call of libext2fs that failed.
  struct Failure: Error {
    let call: String
    let code: errcode_t
  }

  struct Attributes {
    let mode: UInt16
    let size: UInt64
    let modificationTime: Int64
    let inode: ext2_inode_large
  }

  private let system: ext2_filsys

  init(path: String) throws {
    var opened: ext2_filsys?
    try Self.check("ext2fs_open", cext2fs_open(path, &opened))
    guard let opened else { throw Failure(call: "ext2fs_open", code: 0) }
    system = opened
  }

  deinit { ext2fs_free(system) }

  /// The names of a directory and where they lead, without `.` and `..`.
  func entries(of directory: UInt32) throws -> [(name: [UInt8], inode: UInt32)] {
    final class Collector { var entries: [(name: [UInt8], inode: UInt32)] = [] }
    let collector = Collector()
    let context = Unmanaged.passUnretained(collector).toOpaque()
    let code = ext2fs_dir_iterate2(
      system, directory, 0, nil,
      { _, _, entry, _, _, _, context in
        guard let entry, let context, let name = cext2fs_name(entry) else { return 0 }
        let length = Int(cext2fs_name_length(entry))
        let bytes = [UInt8](UnsafeRawBufferPointer(start: name, count: length))
        if bytes != [0x2e] && bytes != [0x2e, 0x2e] {
          Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
            .entries.append((bytes, cext2fs_inode_of(entry)))
        }
        return 0
      }, context)
    try Self.check("ext2fs_dir_iterate2", code)
    return collector.entries
  }

  func attributes(of number: UInt32) throws -> Attributes {
    var large = ext2_inode_large()
    let size = Int32(MemoryLayout<ext2_inode_large>.size)
    return try withUnsafeMutablePointer(to: &large) { pointer in
      try pointer.withMemoryRebound(to: ext2_inode.self, capacity: 1) { inode in
        try Self.check(
          "ext2fs_read_inode_full", ext2fs_read_inode_full(system, number, inode, size))
        let low = Int64(Int32(bitPattern: inode.pointee.i_mtime))
        let hasExtra = pointer.pointee.i_extra_isize >= 12
        let extra = hasExtra ? Int64(pointer.pointee.i_mtime_extra & 3) << 32 : 0
        return Attributes(
          mode: inode.pointee.i_mode, size: cext2fs_size(inode), modificationTime: low + extra,
          inode: pointer.pointee)
      }
    }
  }

  func linkTarget(of number: UInt32) throws -> [UInt8] {
    var large = try attributes(of: number).inode
    let fast: [UInt8]? = withUnsafeMutablePointer(to: &large) { pointer in
      pointer.withMemoryRebound(to: ext2_inode.self, capacity: 1) { inode in
        guard ext2fs_is_fast_symlink(inode) != 0, let field = cext2fs_block_field(inode) else {
          return nil
        }
        return [UInt8](UnsafeRawBufferPointer(start: field, count: Int(cext2fs_size(inode))))
      }
    }
    if let fast { return fast }
    var result: [UInt8] = []
    try readContents(of: number, chunk: 65536) { _, part in result += part }
    return result
  }

  /// Calls `body` with each piece of a file and its offset.
  func readContents(
    of number: UInt32, chunk: Int, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var file: ext2_file_t?
    try Self.check("ext2fs_file_open", ext2fs_file_open(system, number, 0, &file))
    defer { ext2fs_file_close(file) }
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: chunk, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: UInt64 = 0
    while true {
      var count: UInt32 = 0
      try Self.check("ext2fs_file_read", ext2fs_file_read(file, buffer, UInt32(chunk), &count))
      if count == 0 { return }
      try body(offset, UnsafeRawBufferPointer(start: buffer, count: Int(count)))
      offset += UInt64(count)
    }
  }

  private static func check(_ call: String, _ code: errcode_t) throws {
    guard code == 0 else { throw Failure(call: call, code: code) }
  }
}
