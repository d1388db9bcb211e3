// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// A world with one file in it, and an environment block that nobody knows: what Fedora keeps there
/// is shown as it is written in menus.
final class SingleFile: MenuEnvironment {
  private let file: MenuFile
  private let contents: ByteString
  private let environmentBlock: ByteString =
    "# GRUB Environment Block\nkernelopts=$kernelopts\n"

  init(file: MenuFile, contents: ByteString) {
    self.file = file
    self.contents = contents
  }

  func contents(of file: MenuFile, byteCountMax: Int) -> ByteString? {
    if file.path.hasSuffix("/grubenv") { return environmentBlock }
    return file == self.file && contents.count <= byteCountMax ? contents : nil
  }
  func kind(of file: MenuFile) -> MenuFileKind? {
    contents(of: file, byteCountMax: .max).map { .file(byteCount: UInt64($0.count)) }
  }
  func device(having key: SearchKey) -> ByteString? { nil }
  func names(inDirectory directory: MenuFile) -> [ByteString]? { nil }
  func deviceNames() -> [ByteString] { [] }
}
