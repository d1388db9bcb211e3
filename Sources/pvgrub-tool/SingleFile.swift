// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// A world with one file in it: no disks, no environment block. The menu means here what it would
/// mean to the image if nothing else were there.
final class SingleFile: MenuEnvironment {
  private let file: MenuFile
  private let contents: ByteString

  init(file: MenuFile, contents: ByteString) {
    self.file = file
    self.contents = contents
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    file == self.file && contents.count <= byteCountMax ? contents : nil
  }
  func kind(of file: MenuFile) -> MenuFileKind? {
    contents(of: file, byteCountMax: .max).map { .file(byteCount: UInt64($0.count)) }
  }
  func device(having key: SearchKey) -> ByteString? { nil }
  func names(inDirectory directory: MenuFile) -> [ByteString]? { nil }
  func deviceNames() -> [ByteString] { [] }
}
