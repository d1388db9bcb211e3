// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CExt2fs
import Glibc

/// libext2fs, used as its own programs use it.
final class LibraryReader: BenchReader {
  private let system: ext2_filsys

  init?(_ path: String) {
    var opened: ext2_filsys?
    guard cext2fs_open(path, &opened) == 0, let opened else { return nil }
    system = opened
  }

  deinit { ext2fs_free(system) }

  func read(_ path: ByteString) throws -> BenchResult {
    var inode: ext2_ino_t = 0
    var name = path.bytes.map { CChar(bitPattern: $0) } + [0]
    check(ext2fs_namei(system, 2, 2, &name, &inode))
    var file: ext2_file_t?
    check(ext2fs_file_open(system, inode, 0, &file))
    defer { ext2fs_file_close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var result = BenchResult(fileCount: 1)
    while true {
      var count: UInt32 = 0
      check(ext2fs_file_read(file, buffer.baseAddress, UInt32(buffer.count), &count))
      if count == 0 { return result }
      result.add(UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]))
    }
  }

  func walk() throws -> BenchResult {
    final class Names { var inodes: [UInt32] = [] }
    var result = BenchResult()
    var pending: [UInt32] = [2]
    while let directory = pending.popLast() {
      let names = Names()
      check(
        ext2fs_dir_iterate2(
          system, directory, 0, nil,
          { _, _, entry, _, _, _, context in
            guard let entry, let context, let name = cext2fs_name(entry) else { return 0 }
            let count = Int(cext2fs_name_length(entry))
            let bytes = UnsafeRawBufferPointer(start: name, count: count)
            let isDots = count <= 2 && bytes.allSatisfy { $0 == 0x2e }
            if !isDots {
              Unmanaged<Names>.fromOpaque(context).takeUnretainedValue()
                .inodes.append(cext2fs_inode_of(entry))
            }
            return 0
          }, Unmanaged.passUnretained(names).toOpaque()))
      for number in names.inodes {
        var inode = ext2_inode()
        check(ext2fs_read_inode(system, number, &inode))
        if inode.i_mode & 0xf000 == 0x4000 { pending.append(number) }
        result.add(
          inode: number, byteCount: UInt64(inode.i_size) | UInt64(inode.i_size_high) << 32)
      }
    }
    return result
  }

  private func check(_ code: errcode_t) {
    precondition(code == 0, "libext2fs failed: \(code)")
  }
}
