// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import MenuScreen
import MiniOS
import XenFrontends

/// What the loader holds of its domain: the rings, the disks, and what the host asked for.
final class Loader {
  /// Nanoseconds for all disks together to connect.
  static let connectTimeLimit: UInt64 = 30_000_000_000

  /// The children of `data/pvgrub` that are read.
  static let nodeCountMax = 32

  /// Erases the row that the cursor is in, and goes to its start (ECMA-48).
  private static let emptyRow: ByteString = "\r\u{1b}[K"

  let info: BootInfo
  var options: HostOptions
  let hypervisor = XenHypervisor()
  let console: Consoles
  let store: XenStore<XenHypervisor>
  let grants: GrantTable<XenHypervisor>
  /// Every disk that xenstore lists, connected or not.
  var disks: [Disk] = []
  var environment = GuestEnvironment<CachedDisk>(GuestDisks([]))
  /// The host's module, if it is an initial ramdisk for the kernel.
  var ramdisk: Ramdisk?
  /// Whether the last kernel that was tried is a 32-bit one, as Xen's own file is.
  var isKernel32Bit = false
  /// The failures that the host wants to see.
  var failures: FailureSchedule?
  /// What was typed while a command ran.
  var typedAhead: [UInt8] = []
  /// When the domain ends because nothing boots, in nanoseconds; nil while something may, or a
  /// person is there.
  var endTime: UInt64?
  /// Where the time goes.
  var times: BootTimes
  /// What the toolstack reads in xenstore.
  var report = BootReport()
  /// Whether the report has begun, goes on, or ended because xenstore failed.
  var reporting = Reporting.notYet
  /// The titles of the entry that is being started, those of its menus in front; none for what is
  /// booted from the command line.
  var chosenTitles: [ByteString] = []
  /// The titles of the menus that are open inside of the first.
  var openTitles: [ByteString] = []
  /// The line that shows how far an entry is read, while it is.
  var progress: ProgressLine?
  /// Bytes of the entry's files that were read before the present file.
  var readByteCount: UInt64 = 0
  /// Bytes of the kernel that were copied from one place to another.
  var copiedByteCount: UInt64 = 0
  /// What kind of file the kernel is in, and how it is packed.
  var kernelKind = ByteString()
  /// What is known of the terminal's size.
  var terminal = TerminalSizing()
  /// Whether the cursor is in the command line's row, which a line of ours would go on in.
  var isAtPrompt = false
  /// Whether a line was written over the menu or the command line.
  var isScreenSpoiled = false
  /// Requests of `xl shutdown`; nil if xenstore gives no watch.
  var shutdownWatch: ShutdownWatch<XenHypervisor>?

  init(_ info: BootInfo) throws(BootError) {
    self.info = info
    options = HostOptions(info.commandLine)
    failures = options.failures
    times = BootTimes(now: hypervisor.now)
    guard let consolePage = Self.ringPage(info.console.machineFrame),
      let storePage = Self.ringPage(info.store.machineFrame)
    else { throw BootError(.device, "Xen gave no ring for console or xenstore") }
    console = Consoles(
      Console(page: consolePage, port: info.console.port, hypervisor: hypervisor))
    store = XenStore(page: storePage, port: info.store.port, hypervisor: hypervisor)
    do throws(GrantError) {
      grants = try GrantTable(hypervisor: hypervisor)
    } catch { throw BootError(error) }
  }

  /// The boot mapping has every ring page where its frame number says.
  private static func ringPage(_ machineFrame: UInt64) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: UInt(AddressSpace.frame(ofMachine: machineFrame) << 12))
  }

  /// Writes a line, without what would command the terminal: much of it comes from the disk.
  func say(_ line: ByteString) {
    clearProgress()
    if isAtPrompt { console.write(Self.emptyRow.bytes) }
    console.write((TerminalText.harmless(line) + "\n").bytes)
  }

  /// Connects the framebuffer and its keyboard, if the guest has them.
  func openDisplay() {
    do throws(XenStoreError) {
      console.display = try Display(store: store, grants: grants, hypervisor: hypervisor)
    } catch { say("pvgrub-swift: \(error.message)") }
    reconnectDisplay()
    // The console shows what the display shows, which has one size.
    terminal = TerminalSizing(isAsked: console.display == nil)
  }

  /// Connects the display again after a boot that failed.
  func reconnectDisplay() {
    for line in console.display?.connect() ?? [] { say("pvgrub-swift: \(line)") }
  }

  /// The first line, and what the host said that nobody understands.
  func greet() {
    say("pvgrub-swift: \(info.frameCount / 256) MiB of memory")
    takeNodes()
    for word in options.unknown { say("pvgrub-swift: unknown word in extra=: \(word)") }
  }

  /// Takes what the toolstack wrote into `data/pvgrub` before the domain ran, once, before any byte
  /// of a disk is read. A guest that is started again by its own loader could write there.
  private func takeNodes() {
    guard !options.isChained else { return }
    do throws(XenStoreError) {
      for name in try store.directory("data/pvgrub").prefix(Self.nodeCountMax) {
        guard let value = try store.readIfPresent("data/pvgrub/\(name)") else { continue }
        say("pvgrub-swift: xenstore says \(name)=\(value)")
        options.takeNode(name, value)
      }
    } catch {
      if !error.isNotFound { say("pvgrub-swift: \(error.message)") }
    }
  }

  /// Connects every disk, and looks at what is on it.
  func connectDisks() {
    do throws(XenStoreError) {
      shutdownWatch = try ShutdownWatch(store: store)
      disks = try Disk.discover(store: store, grants: grants, hypervisor: hypervisor)
    } catch { say("pvgrub-swift: \(error.message)") }
    reconnectDisks()
    var found: [GuestDisk<CachedDisk>] = []
    for disk in disks where disk.status == .connected {
      found.append(GuestDisk(CachedDevice(disk), isOptical: disk.description.isCDROM))
    }
    environment = GuestEnvironment(GuestDisks(found))
  }

  /// Connects the disks that are not connected; what fails is told and left out.
  func reconnectDisks() {
    // A drive without a medium is not waited for again.
    connect(disks.filter { $0.status != .connected && !$0.status.isSkipped })
  }

  /// Connects `closed` disks, and tells which fail.
  func connect(_ closed: [Disk]) {
    Disk.connect(closed, timeLimit: Self.connectTimeLimit)
    for disk in closed {
      if let reason = disk.status.failureReason { say("pvgrub-swift: \(disk.name): \(reason)") }
    }
  }

  /// The menu that the host or the guest names; nil if there is none. Says what was found.
  func findMenu() -> Menu? {
    times.enter(.search, now: hypervisor.now)
    defer { times.enter(.menu, now: hypervisor.now) }
    let search = MenuSearch(environment, options: options)
    if options.log == .all { for line in search.inventory() { say(line) } }
    let ramdiskMenu = takeRamdisk(search)
    if let file = options.menu {
      do throws(BootError) {
        return try search.load(file)
      } catch { say("pvgrub-swift: \(error.message)") }
    }
    if let ramdiskMenu { return ramdiskMenu }
    let result = search.find(isChained: options.isChained, isReadOnly: options.isReadOnly)
    for remark in result.remarks { say("pvgrub-swift: \(remark)") }
    if result.menu == nil {
      say("pvgrub-swift: no boot menu found (GRUB, syslinux, Boot Loader Specification)")
      for line in search.inventory() { say(line) }
      reportFailure("no boot menu found")
    }
    return result.menu
  }

  /// Makes the fault that `selftest=` asks for, to show that it is reported.
  func runSelfTest() {
    guard let name = options.selfTest else { return }
    say("pvgrub-swift: self-test \(name)")
    if name == "write-text" { SelfTest.writeToText() }
    if name == "null" { SelfTest.readNull() }
    if name == "execute-heap" { SelfTest.executeHeap() }
    if name == "touch-memory" {
      return say("pvgrub-swift: wrote to \(SelfTest.touchMemory() / 256) MiB of free memory")
    }
    if name == "stack" { say("\(SelfTest.useUpStack())") }
    say("pvgrub-swift: no self-test of this name, or it did no harm")
  }
}
