// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct DiskDescriptionTests {
  private static let names: [(UInt64, String)] = [
    (51712, "xvda"), (51713, "xvda1"), (51728, "xvdb"), (51727, "xvda15"), (51952, "xvdp"),
    (0x1000_1000, "xvdq"), (0x1000_1a03, "xvdaa3"), (0x1002_bd00, "xvdzz"),
    (0x1002_be00, "xvdaaa"), (2048, "sda"), (2065, "sdb1"), (768, "hda"), (833, "hdb1"),
    (5632, "hdc"), (5696, "hdd"), (2304, "vbd2304"), (UInt64.max, "vbd18446744073709551615"),
  ]

  @Test(arguments: names)
  func numberStandsForAName(_ number: UInt64, _ name: String) {
    #expect(DiskDescription.name(of: number) == ByteString(name))
  }

  @Test func disksComeInTheOrderOfTheirNumbers() throws {
    let guest = try FakeGuest()
    _ = FakeDisk(guest.daemon, number: 268_439_552, data: [])
    _ = FakeDisk(guest.daemon, number: 51728, data: [], type: "cdrom")
    _ = FakeDisk(guest.daemon, number: 51712, data: [])
    _ = FakeDisk(guest.daemon, number: 5632, data: [])
    let disks = try guest.disks()
    #expect(disks.map(\.name) == ["hdc", "xvda", "xvdb", "xvdq"])
    #expect(disks.map(\.description.isCDROM) == [false, false, true, false])
    #expect(disks[1].description.backendPath == "/local/domain/0/backend/vbd/5/51712")
    #expect(disks[1].status == .closed)
  }

  @Test func guestWithoutDisksHasNone() throws {
    #expect(try FakeGuest().disks().isEmpty)
  }

  @Test func directoriesThatAreNoDisksAreIgnored() throws {
    let guest = try FakeGuest()
    let home = FakeStore.home
    guest.daemon.set("\(home)/device/vbd/abc/backend", "/x")
    guest.daemon.set("\(home)/device/vbd/1/state", "1")
    guest.daemon.set("\(home)/device/vbd/2/backend", "/x")
    guest.daemon.set("\(home)/device/vbd/2/backend-id", "70000")
    #expect(try guest.disks().isEmpty)
  }
}
