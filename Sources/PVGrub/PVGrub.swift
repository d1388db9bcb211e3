// SPDX-License-Identifier: GPL-2.0-or-later
import BootEngine
import BootPlan
import BootSession
import Bytes
import MiniOS

/// The image. On the host the same target only says how the image is made.
@main enum PVGrub {
  static func main() {
    #if hasFeature(Embedded)
      boot()
    #else
      print("This is a kernel for Xen: build it with `make image`.")
    #endif
  }

  /// The story of a boot: bring the domain up, find the guest's menu on its disks, let a person or
  /// the clock choose, and become the guest.
  static func boot() -> Never {
    let info = StubDomain.start(name: "pvgrub-swift")
    do throws(BootError) {
      let loader = try Loader(XenMachine(info))
      loader.start()
      if let name = loader.options.selfTest { runSelfTest(name, loader) }
      switch loader.run() {
      case .jump(let address): StubDomain.jump(to: address)
      case .refused: Panic.end("Xen refused the new frame numbers")
      case .end(.powerOff): StubDomain.powerOff()
      case .end(.reboot): StubDomain.reboot()
      case .end(.crash): StubDomain.crash()
      }
    } catch {
      Panic.end(reason: error.message)
    }
  }

  /// Makes the fault that `selftest=` asks for, to show that it is reported.
  private static func runSelfTest(_ name: ByteString, _ loader: Loader<XenMachine>) {
    loader.say("pvgrub-swift: self-test \(name)")
    if name == "write-text" { SelfTest.writeToText() }
    if name == "null" { SelfTest.readNull() }
    if name == "execute-heap" { SelfTest.executeHeap() }
    if name == "touch-memory" {
      return loader.say(
        "pvgrub-swift: wrote to \(SelfTest.touchMemory() / 256) MiB of free memory")
    }
    if name == "stack" { loader.say("\(SelfTest.useUpStack())") }
    loader.say("pvgrub-swift: no self-test of this name, or it did no harm")
  }
}
