// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import BootMenu
public import Bytes
import KernelImage

/// A unified kernel image on a disk, taken apart without reading what is in it.
public struct UnifiedKernelFile<Device: BlockDevice> {
  /// The most bytes of a text section that are read.
  public static var textByteCountMax: Int { 16 * 1024 }

  private let file: LocatedFile<Device>
  private let image: UnifiedKernelImage

  /// What is in `file`; nil if it is no unified kernel image. Throws if it is a broken one, or
  /// can't be read.
  public init?(_ file: LocatedFile<Device>) throws(BootError) {
    let magic = ByteView(try file.bytes(at: 0, countMax: BzImage.headByteCount))
    // A bzImage may be a PE file too; what is asked for then is the bzImage.
    guard magic.u16(at: 0) == 0x5a4d, !BzImage.isPresent(in: magic) else { return nil }
    let head = ByteView(try file.bytes(at: 0, countMax: UnifiedKernelImage.headByteCount))
    do throws(UnifiedKernelImageError) {
      guard let image = try UnifiedKernelImage(head, fileByteCount: file.byteCount) else {
        return nil
      }
      self.image = image
    } catch { throw BootError(error).at(file.name) }
    self.file = file
  }

  /// The most profiles of an image that become entries.
  static var profileCountMax: Int { 16 }

  /// What the image says about itself, for each of its profiles.
  public func texts() throws(BootError) -> [UnifiedKernelText] {
    var result: [UnifiedKernelText] = []
    for profile in 0..<min(max(profileCount, 1), Self.profileCountMax) {
      result.append(
        UnifiedKernelText(
          osRelease: try osRelease(profile: profile),
          kernelRelease: try kernelRelease(profile: profile),
          commandLine: try commandLine(profile: profile),
          profile: try profileText(profile: profile)))
    }
    return result
  }

  /// The number of profiles; 0 if the image does not have them.
  public var profileCount: Int { image.profileCount }

  /// The kernel of a profile. Throws if the profile is not there.
  public func kernel(profile: Int = 0) throws(BootError) -> LocatedFile<Device> {
    guard let kernel = part(.linux, profile, ".linux") else {
      throw BootError(.wrongRequest, "\(file.name): no profile \(profile)")
    }
    return kernel
  }

  /// The ramdisks of a profile, microcode first. Sections without bytes are left out.
  public func initrds(profile: Int = 0) -> [LocatedFile<Device>] {
    var result: [LocatedFile<Device>] = []
    if let part = part(.microcode, profile, ".ucode") { result.append(part) }
    if let part = part(.initrd, profile, ".initrd") { result.append(part) }
    return result.filter { $0.byteCount > 0 }
  }

  /// The command line of a profile, on one line; empty if it has none.
  public func commandLine(profile: Int = 0) throws(BootError) -> ByteString {
    let text = try text(.commandLine, profile)
    // As systemd-stub does: control characters are blanks.
    return ByteString(text.bytes.map { $0 < 0x20 ? 0x20 : $0 }).trimmed
  }

  /// The text of `os-release` of a profile; empty if it has none.
  public func osRelease(profile: Int = 0) throws(BootError) -> ByteString {
    try text(.osRelease, profile)
  }

  /// The kernel's release; empty if the image does not tell.
  public func kernelRelease(profile: Int = 0) throws(BootError) -> ByteString {
    try text(.kernelRelease, profile).trimmed
  }

  /// The lines `ID=` and `TITLE=` of a profile; empty if the image has no profiles.
  public func profileText(profile: Int = 0) throws(BootError) -> ByteString {
    try text(.profile, profile)
  }

  private func part(
    _ kind: UnifiedKernelImage.Kind, _ profile: Int, _ label: ByteString
  ) -> LocatedFile<Device>? {
    guard let section = image.section(kind, profile: profile) else { return nil }
    return file.slice(
      at: section.byteOffset, count: section.byteCount, name: "\(file.name) (\(label))")
  }

  private func text(
    _ kind: UnifiedKernelImage.Kind, _ profile: Int
  ) throws(BootError) -> ByteString {
    guard let section = image.section(kind, profile: profile) else { return "" }
    guard section.byteCount <= Self.textByteCountMax else {
      throw BootError(
        .unsupported, "\(file.name): a text section of \(section.byteCount) bytes")
    }
    let bytes = try file.bytes(at: section.byteOffset, countMax: Int(section.byteCount))
    return ByteString(bytes.prefix { $0 != 0 })
  }
}

extension UnifiedKernelFile {
  /// Takes a profile's number off the front of an entry's options: `@1 quiet` is profile 1 with
  /// `quiet` (systemd-stub(7)). Profile 0 if there is none.
  public static func splitProfile(
    _ options: ByteString
  ) -> (profile: Int, options: ByteString) {
    let trimmed = options.trimmed
    guard trimmed.hasPrefix("@") else { return (0, options) }
    let digits = trimmed.bytes.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
    let rest = trimmed.dropFirst(1 + digits.count)
    // Three digits are more than there can be sections.
    guard !digits.isEmpty, digits.count <= 3, rest.isEmpty || rest.hasPrefix(" ") else {
      return (0, options)
    }
    return (digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }, rest.trimmed)
  }
}
