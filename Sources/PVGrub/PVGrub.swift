// SPDX-License-Identifier: GPL-2.0-or-later
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

  /// The story of a boot.
  static func boot() -> Never {
    let info = MiniOS.start()
    EarlyConsole.write("pvgrub-swift\n")
    EarlyConsole.write("free frames\n")
    _ = info
    MiniOS.powerOff()
  }
}
