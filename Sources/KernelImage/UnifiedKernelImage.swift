// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The parts of a unified kernel image: a PE file with kernel, ramdisk and command line as sections
/// (UAPI.5, "Unified Kernel Image"; PE format, "Section Table").
public struct UnifiedKernelImage: Equatable, Sendable {
  /// The sections that matter here.
  public enum Kind: Equatable, Sendable {
    /// `.linux`: a bzImage.
    case linux
    /// `.initrd`.
    case initrd
    /// `.cmdline`.
    case commandLine
    /// `.osrel`: the text of `os-release`.
    case osRelease
    /// `.uname`: the kernel's release.
    case kernelRelease
    /// `.ucode`: a ramdisk with microcode, which goes before the others.
    case microcode
    /// `.profile`: starts a profile, and tells its `ID` and `TITLE`.
    case profile
  }

  /// A section's place in the file.
  public struct Section: Equatable, Sendable {
    /// What it is.
    public let kind: Kind
    /// Where its bytes start in the file.
    public let byteOffset: UInt64
    /// The number of its bytes, without padding.
    public let byteCount: UInt64
  }

  /// The number of bytes at the start of the file that `init` looks at.
  public static let headByteCount = 16 * 1024
  /// The most sections that are read.
  public static let sectionCountMax = 256
  /// The PE header must start within this many bytes.
  public static let headerOffsetMax: UInt32 = 4096

  private static let fileHeaderByteCount = 24
  private static let sectionHeaderByteCount = 40
  private static let machineX8664: UInt16 = 0x8664

  /// The sections of the table, in its order.
  public let sections: [Section]

  /// The number of profiles; 0 if the image does not have them.
  public var profileCount: Int {
    sections.reduce(0) { $0 + ($1.kind == .profile ? 1 : 0) }
  }

  /// Reads the section table of the file of `fileByteCount` bytes that starts with `head`; nil if
  /// it is no PE file, or one without `.linux`.
  public init?(
    _ head: ByteView, fileByteCount: UInt64
  ) throws(UnifiedKernelImageError) {
    guard head.u16(at: 0) == 0x5a4d, let start = head.u32(at: 0x3c) else { return nil }
    guard start <= Self.headerOffsetMax else { return nil }
    let header = Int(start)
    guard head.u32(at: header) == 0x4550 else { return nil }
    guard let machine = head.u16(at: header + 4), let count = head.u16(at: header + 6),
      let optionalByteCount = head.u16(at: header + 20)
    else { throw .truncated(byteCount: head.count) }
    guard machine == Self.machineX8664 else { throw .machine(machine) }
    guard count <= Self.sectionCountMax else { throw .sectionCount(count) }

    let table = header + Self.fileHeaderByteCount + Int(optionalByteCount)
    var sections: [Section] = []
    for index in 0..<Int(count) {
      let offset = table + index * Self.sectionHeaderByteCount
      guard let view = head.slice(at: offset, count: Self.sectionHeaderByteCount) else {
        throw .truncated(byteCount: head.count)
      }
      if let section = try Self.section(view, fileByteCount: fileByteCount) {
        sections.append(section)
      }
    }
    self.sections = sections
    guard sections.contains(where: { $0.kind == .linux }) else { return nil }
  }

  /// The section that `profile` has of `kind`: its own, else the one before the first profile.
  /// Nil if there is none, or no such profile. Profile 0 of an image without profiles is all of it.
  public func section(_ kind: Kind, profile: Int = 0) -> Section? {
    guard profile == 0 || profile < profileCount else { return nil }
    var index = -1
    var common: Section?
    var own: Section?
    for section in sections {
      if section.kind == .profile { index += 1 }
      guard section.kind == kind else { continue }
      if index == -1, common == nil { common = section }
      if index == profile, own == nil { own = section }
    }
    return own ?? common
  }

  /// One entry of the section table; nil if its name is not one of these.
  private static func section(
    _ view: ByteView, fileByteCount: UInt64
  ) throws(UnifiedKernelImageError) -> Section? {
    guard let name = view.terminatedString(at: 0, count: 8), let kind = kind(named: name),
      let memoryByteCount = view.u32(at: 8), let rawByteCount = view.u32(at: 16),
      let byteOffset = view.u32(at: 20)
    else { return nil }
    // What is in the file is padded; what is in memory may be longer than what is in the file.
    let byteCount = UInt64(min(memoryByteCount, rawByteCount))
    guard UInt64(byteOffset) <= fileByteCount,
      byteCount <= fileByteCount - UInt64(byteOffset)
    else {
      throw .sectionOutsideFile(
        name, start: UInt64(byteOffset), byteCount: byteCount, fileByteCount: fileByteCount)
    }
    return Section(kind: kind, byteOffset: UInt64(byteOffset), byteCount: byteCount)
  }

  private static func kind(named name: ByteString) -> Kind? {
    if name == ".linux" { return .linux }
    if name == ".initrd" { return .initrd }
    if name == ".cmdline" { return .commandLine }
    if name == ".osrel" { return .osRelease }
    if name == ".uname" { return .kernelRelease }
    if name == ".ucode" { return .microcode }
    if name == ".profile" { return .profile }
    return nil
  }
}
