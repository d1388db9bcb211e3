// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import XFS

/// One look at all there is on a damaged image. Whatever comes of it, it is an error that says
/// something, or a file on the volume.
enum Survey {
  /// The most reads of one walk: a map may take 4,096 blocks a file.
  static let readCountMax = 60_000

  /// What is damaged and looked at.
  static let paths: [ByteString] = [
    "/", "/absolute", "/boot", "/boot/grub", "/boot/grub/menu.lst", "/boot/vmlinuz", "/medium",
    "/leaf", "/many", "/link-1000", "/never-written",
  ]

  /// Reads what there is, as a boot loader would and more.
  static func walk(_ device: FaultyDevice<MemoryDevice>) {
    do throws(XFSError) {
      let system = try XFSFileSystem.open(Volume(whole: device))
      _ = (system.formatName, system.label, system.uuid, system.needsRecovery, system.facts)
      if let remark = system.remark, remark.isEmpty { Issue.record("a remark without words") }
      for path in paths + [
        "/many/x", "/many/\(ByteString(EditedImage.many))", "/medium/medium-007", "/loop-a",
        "/leaf/..",
      ] {
        for line in TreeSurvey.defects(at: path, in: system, on: system.volume) {
          Issue.record("\(line)")
        }
      }
      for entry in try system.entries(of: system.root()) {
        do throws(XFSError) {
          let attributes = try system.attributes(of: entry.node)
          if attributes.kind == .directory { _ = try system.entries(of: entry.node) }
        } catch { tell(error) }
      }
    } catch { tell(error) }
  }

  private static func tell<Failure: BootFailure>(_ error: Failure) {
    if error.message.isEmpty { Issue.record("an error without words") }
  }
}
