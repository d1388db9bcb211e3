// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import DomainBuilder


import MiniOS
import XenFrontends

/// The image. On the host the same target only says how the image is made.
@main enum PVGrub {
  static func main() {
    #if hasFeature(Embedded)
      boot()
    #else
      print("This is a kernel for Xen: build it with `make image`.")
    #endif
  }

  /// The story of a boot.
  static func boot() -> Never {
    let info = StubDomain.start()
    do throws(BootError) {
      let loader = try Loader(info)
      try tryBoot(loader)
    } catch {
      EarlyConsole.write("failed: ")
      for byte in error.message.bytes { EarlyConsole.writeByte(byte) }
      EarlyConsole.write("\n")
    }
    StubDomain.powerOff()
  }

  static func tryBoot(_ loader: Loader) throws(BootError) {
    loader.say("pvgrub-swift: \(loader.info.frameCount / 256) MiB, \(FrameAllocator.freeCount) free frames")
    let disks: [Disk]
    do throws(XenStoreError) {
      disks = try Disk.discover(store: loader.store, grants: loader.grants, hypervisor: loader.hypervisor)
    } catch { throw BootError(error) }
    Disk.connect(disks, timeLimit: 5_000_000_000)
    for disk in disks { loader.say("\(disk.name): \(disk.byteCount) bytes") }
    let volume = Volume(whole: disks[0])
    let fs: Ext4FileSystem<Disk>
    do throws(Ext4Error) {
      fs = try Ext4FileSystem.open(volume)
      let root = try fs.root()
      guard let boot = try fs.lookUp("boot", in: root) else { loader.say("no boot"); return }
      var kernel: GuestFile?
      var initrd: GuestFile?
      for entry in try fs.entries(of: boot) {
        loader.say("  \(entry.name)")
        if entry.name.hasPrefix("vmlinuz") || entry.name.hasPrefix("initrd") {
          let file = GuestFile(name: entry.name, disk: disks[0], volumeByteOffset: 0, extents: try fs.extents(of: entry.node), byteCount: try fs.attributes(of: entry.node).byteCount)
          if entry.name.hasPrefix("v") { kernel = file } else { initrd = file }
        }
      }
      guard let kernel, let initrd else { return }
      loader.say("loading \(kernel.byteCount) \(initrd.byteCount)")
      do throws(BootError) {
        let line: ByteString = "root=/dev/xvda ro console=hvc0 lab=whole-lst"
        let domain = try loader.load(BootFiles(kernel: kernel, initrds: [initrd], commandLine: line))
        loader.say("loaded; end \(domain.plan.end)")
        let handOver = try HandOver(domain, info: loader.info, commandLine: line)
        loader.say("pinned")
        for disk in disks {
          do throws(DiskError) { try disk.close() } catch { loader.say(error.message) }
        }
        do throws(XenStoreError) { try loader.store.unwatchAll() } catch { loader.say(error.message) }
        loader.say("active grants: \(loader.grants.activeCount)")
        handOver.jump()
      } catch { loader.say(error.message) }
    } catch { throw BootError(error) }
  }
}
