// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import Foundation
import TestSupport
import Testing

/// Real menus are far from the limit of work: each fits twenty times into a search.
@Suite struct MenuWorkTests {
  /// What it costs to read a menu and to run its default, all its entries that are no menus, and
  /// the first entry of each submenu.
  private func work(_ text: [UInt8], _ path: String) -> UInt64 {
    let world = FakeEnvironment()
    let interpreter = MenuInterpreter(environment: world)
    let file = MenuFile(device: "", path: ByteString(path))
    let format = MenuFormat(path: file.path, text: ByteString(text))
    guard let menu = try? interpreter.menu(ByteString(text), file: file, format: format) else {
      return world.work.spent
    }
    _ = interpreter.runDefault(of: menu)
    for index in menu.entries.indices {
      guard let run = try? interpreter.run(index, of: menu), case .menu(let inner) = run.outcome
      else { continue }
      _ = interpreter.runDefault(of: inner)
    }
    return world.work.spent
  }

  @Test func sampleMenusFitTwentyTimes() throws {
    for system in SampleMenuTests.systems {
      let folder = SampleMenuTests.folder.appendingPathComponent(system)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
      where name != "expected.txt" {
        let text = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        #expect(work(text, "/boot/grub/\(name)") < WorkLimits.search / 20, "\(system)")
      }
    }
  }

  @Test func aThousandGenerationsFitTwentyTimes() {
    let hash = "abcdefghijklmnopqrstuvwxyz012345"
    var text = "set timeout=5\nmenuentry \"NixOS\" {\n linux /k\n}\nsubmenu \"NixOS - All\" {\n"
    for number in 1...1_000 {
      text += """
        menuentry "NixOS - Configuration \(number) (2025-01-01 - 24.05)" --class nixos {
        search --set=drive1 --fs-uuid 01234567-89ab-cdef-0123-456789abcdef
          linux ($drive1)/kernels/\(hash)-linux-6.6-bzImage init=/nix/store/\(hash)-nixos/init
          initrd ($drive1)/kernels/\(hash)-initrd-linux-6.6-initrd
        }

        """
    }
    let spent = work(Array((text + "}\n").utf8), "/boot/grub/grub.cfg")
    #expect(spent < WorkLimits.search / 20, "\(spent / 1_000_000_000) ms")
  }
}
