// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import Bytes
import TestSupport
import Testing

@testable import BootPlan

/// What hurt the loaders that read guests' disks in dom0, as disks of a guest. Those of one format
/// are with its reader: Rock Ridge continuations in a circle and overlong names in
/// ISO9660Tests/RockRidgeTests, a lying superblock of XFS (XSA-443) in XFSTests/SuperblockTests.
struct KnownHolesTests {
  @Test func aRamdiskLargerThanMemoryIsRefusedBeforeItIsRead() throws {
    let device = CachedDevice(try TestImage("oversized").device())
    let environment = GuestEnvironment(GuestDisks([GuestDisk(device, isOptical: false)]))
    let menu = try #require(MenuSearch(environment, options: HostOptions("")).find().menu)
    let run = try MenuInterpreter(environment: environment).run(0, of: menu)
    guard case .boot(let target) = run.outcome else {
      Issue.record("the entry boots nothing")
      return
    }
    let files = try environment.locate(target)
    #expect(files.kernel.byteCount == 1 << 40)
    #expect(
      throws: BootError(
        .wrongRequest,
        "xvda: ext4: /boot/initrd: 2097152 MiB do not fit into the guest's memory of 256 MiB")
    ) { try files.moduleLayout(memoryByteCount: 256 << 20) }
  }

  @Test func aKernelOfATebibyteIsReadByPiecesThatAreNoKernel() throws {
    let device = CachedDevice(try TestImage("oversized").device())
    let system = try #require(try MountedFileSystem.probe(Volume(whole: device)))
    let kernel = try system.locate("/boot/vmlinuz")
    #expect(kernel.extents == [.zeros(byteCount: 1 << 40)])
    #expect(try kernel.contents(at: (1 << 40) - 3, countMax: 100) == [0, 0, 0])
    #expect(throws: BootError.self) { try system.contents("/boot/vmlinuz", limit: 1 << 20) }
  }
}
