// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import MiniOS
import StubMachine

/// A stub domain that reports what it was given. The lab starts it by the toolstack and by the
/// loader and compares the reports. It also shows how little a stub domain on MiniOS needs.
@main enum StubDomainProbe {
  static func main() {
    #if hasFeature(Embedded)
      run()
    #else
      print("This is a kernel for Xen: build it with `make probe`.")
    #endif
  }

  static func run() -> Never {
    // Before MiniOS changes the page tables that it was given.
    let entry = EntryReport()
    let info = StubDomain.start(name: "probe")
    let services = Services(info)
    services.say("PROBE: \(info.frameCount / 256) MiB of memory, told '\(info.commandLine)'")
    if info.commandLine == "report" { services.report(entry) }
    if StubDomain.mode == .pvh {
      services.reportFPU()
      services.reportMemory()
    }
    services.describeModule()
    services.tryHypercallPage()
    services.readDisks()
    if info.commandLine == "wait" { services.waitForShutdown() }
    services.say("PROBE: done")
    services.flush()
    StubDomain.powerOff()
  }
}
