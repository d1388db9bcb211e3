// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
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

  /// The story of a boot: bring the domain up, connect its disks, find the guest's menu, let a
  /// person or the clock choose, and become the guest.
  static func boot() -> Never {
    let info = StubDomain.start()
    do throws(BootError) {
      let loader = try Loader(info)
      loader.openDisplay()
      loader.greet()
      loader.runSelfTest()
      loader.connectDisks()
      let search = loader.findMenu()
      if let menu = search { loader.runMenu(menu) }
      loader.runShell()
    } catch {
      Panic.end(reason: error.message)
    }
  }
}
