// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import TestSupport
import Testing

@testable import Ext4

/// One look at all there is on a damaged image. Whatever comes of it, it is an error that says
/// something, or a file on the volume.
enum Survey {
  /// The most reads of one walk. A block map full of loops may take 64 MiB of index blocks a file.
  static let readCountMax = 300_000

  /// Reads what there is, as a boot loader would and more.
  static func walk(_ device: FaultyDevice<MemoryDevice>) {
    do throws(Ext4Error) {
      let system = try Ext4FileSystem.open(Volume(whole: device))
      _ = (system.formatName, system.label, system.uuid, system.needsRecovery)
      switch system.journal {
      case .clean: break
      case .replayed(let summary): if summary.message.isEmpty { Issue.record("no message") }
      case .notReplayed(let error): tell(error)
      }
      for path: ByteString in [
        "/absolute", "/sparse", "/pieces", "/link-1000", "/boot/vmlinuz", "/many/x",
        "/many/an-entry-with-quite-a-long-name-000123", "/boot/grub/menu.lst", "/loop-a",
        "/many/..",
      ] {
        for line in TreeSurvey.defects(at: path, in: system, on: system.volume) {
          Issue.record("\(line)")
        }
      }
      for entry in try system.entries(of: system.root()) {
        do throws(Ext4Error) {
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
