// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

/// A world with one file in it: no disks, no environment block. The menu means here what it would
/// mean to the image if nothing else were there.
final class SingleFile: MenuEnvironment {
  private let file: MenuFile
  private let contents: ByteString

  /// What a file alone does not tell: what grubenv holds, what the machine's screen gives, and
  /// what the menu that opens a `loopback.cfg` sets for it.
  static func unknown(inFile name: String) -> UnknownVariables {
    var unknown = UnknownVariables()
    unknown.unlessSet = ["kernelopts", "tuned_params", "tuned_initrd", "ignition_firstboot"]
    if name.hasSuffix("loopback.cfg") { unknown.unlessSet += ["iso_path", "rootuuid"] }
    unknown.always = ["vt_handoff"]
    return unknown
  }

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
  func visitNames(inDirectory directory: MenuFile, _ visit: (ByteString) -> Bool) -> Bool { false }
  func deviceNames() -> [ByteString] { [] }
  /// An image that is not here can't be a device.
  func addLoopDevice(name: ByteString, file: MenuFile) -> Bool { false }
  func removeLoopDevice(name: ByteString) -> Bool { false }
}
