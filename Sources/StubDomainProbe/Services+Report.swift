// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CMiniOS
import CXen
import MiniOS
import StubMachine
import XenFrontends

extension Services {
  /// How many event channels are asked for their status.
  private static let portCount: UInt32 = 65

  /// Prints everything that a kernel finds, one line each: `REPORT: name=value`. Values that are
  /// different in each domain (machine frames) are left out or given as frame numbers.
  func report(_ entry: EntryReport) {
    // First, since each line that is written may raise an event.
    reportSharedInfo()
    reportStartInfo()
    reportRegisters()
    reportTables(entry)
    reportRings(entry)
    reportGrants()
    reportPorts()
    reportMemory()
  }

  /// What the lab compares of every guest.
  func reportMemory() {
    say("GUEST: memtotal=\(info.frameCount * 4)")
    flush()
  }

  private func line(_ name: ByteString, _ value: UInt64) {
    say("REPORT: \(name)=\(hex: value)")
    // The ring is small, and the report long.
    flush()
  }

  private func reportStartInfo() {
    guard let page = UnsafePointer<start_info>(bitPattern: UInt(info.address)) else { return }
    // SAFETY: Xen maps the page, and nothing writes it.
    let start = page.pointee
    var magic: ByteString = ""
    withUnsafeBytes(of: start.magic) { bytes in
      for byte in bytes where byte != 0 { magic.append(byte) }
    }
    say("REPORT: magic=\(magic)")
    say("REPORT: cmd_line=\(info.commandLine)")
    line("nr_pages", UInt64(start.nr_pages))
    line("shared_info offset", UInt64(start.shared_info) & 0xfff)
    line("flags", UInt64(start.flags))
    line("store_mfn as frame", machine.entry.store.frame)
    line("store_evtchn", UInt64(start.store_evtchn))
    line("console.mfn as frame", machine.entry.console.frame)
    line("console.evtchn", UInt64(start.console.domU.evtchn))
    line("pt_base", UInt64(start.pt_base))
    line("nr_pt_frames", UInt64(start.nr_pt_frames))
    line("mfn_list", UInt64(start.mfn_list))
    line("mod_start", UInt64(start.mod_start))
    line("mod_len", UInt64(start.mod_len))
    line("first_p2m_pfn", UInt64(start.first_p2m_pfn))
    line("nr_p2m_frames", UInt64(start.nr_p2m_frames))
    var sum: UInt64 = 0
    let first = UnsafeRawPointer(page)
    for offset in 1168..<4096 { sum += UInt64(first.load(fromByteOffset: offset, as: UInt8.self)) }
    line("sum of the rest of the page", sum)
  }

  private func reportRegisters() {
    let names: [ByteString] = [
      "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
      "r14", "r15", "rsp", "rflags", "cs", "ss", "ds", "es", "fs", "gs",
    ]
    let values = minios_saved_registers()
    for (index, name) in names.enumerated() { line(name, values[index]) }
    reportFPU()
    for register: UInt64 in [0, 1, 2, 3, 6, 7] {
      let value = xen_hypercall(UInt64(__HYPERVISOR_get_debugreg), register, 0, 0, 0)
      line("dr\(register)", UInt64(bitPattern: value))
    }
  }

  /// The part of it that is the same question in PVH.
  func reportFPU() {
    let fpu = minios_saved_fpu()
    for (index, name) in (["control", "status", "tags"] as [ByteString]).enumerated() {
      line("fpu \(name)", UInt64(fpu[index] & 0xffff))
    }
    line("mxcsr", UInt64(fpu[7]))
  }

  private func reportTables(_ entry: EntryReport) {
    let tables = entry.tables
    line("tables", tables.tableCount)
    line("tables elsewhere", tables.distantTableCount)
    line("mapping start", tables.firstAddress)
    line("mapping end", tables.endAddress)
    line("upper flags of all", tables.upperAll)
    line("upper flags of any", tables.upperAny)
    // In the order of the flags, not of their first place.
    var kinds: [(flags: UInt64, count: UInt64)] = []
    for index in 0..<tables.kindCount {
      kinds.append((tables.kinds[index], tables.kindCounts[index]))
    }
    kinds.sort { $0.flags < $1.flags }
    for kind in kinds { line("pages with flags \(hex: kind.flags)", kind.count) }
    line("pages of another frame", tables.wrongFrameCount)
    line("pages read-only", tables.readOnlyCount)
    line("tables read-only", tables.readOnlyTableCount)
    line("frames with a wrong number", entry.wrongNumberCount)
    line("slack pages used", entry.usedSlackPageCount)
  }

  private func reportRings(_ entry: EntryReport) {
    let names: [ByteString] = [
      "console in", "console out", "xenstore requests", "xenstore responses",
    ]
    for (index, name) in names.enumerated() {
      let consumed = entry.ringIndices[2 * index]
      let produced = entry.ringIndices[2 * index + 1]
      line("\(name) pending", UInt64(produced &- consumed))
      line("\(name) index", UInt64(consumed))
    }
    line("console connection", UInt64(entry.consoleConnection))
    line("xenstore connection", UInt64(entry.storeConnection))
    line("xenstore error", UInt64(entry.storeError))
  }

  private func reportGrants() {
    var version = gnttab_get_version(dom: 0x7ff0, pad: 0, version: 0)
    let result = withUnsafeMutablePointer(to: &version) {
      xen_hypercall_structure(
        UInt64(__HYPERVISOR_grant_table_op), UInt64(GNTTABOP_get_version), $0, 1)
    }
    line("grant table version", result == 0 ? UInt64(version.version) : 0)
    do throws(HypervisorError) {
      let frameCount = try machine.grantTableSize().frameCount
      let table = try machine.mapGrantTable(frameCount: frameCount)
      line("grant frames", UInt64(frameCount))
      var usedCount: UInt64 = 0
      var nonzeroCount: UInt64 = 0
      for index in 8..<frameCount * 512 {
        let entry = table.load(fromByteOffset: index * 8, as: UInt64.self)
        if entry & 0xffff != 0 { usedCount += 1 }
        if entry != 0 { nonzeroCount += 1 }
      }
      line("grants in use", usedCount)
      line("grant entries not zero", nonzeroCount)
      for index in 0..<8 {
        line(
          "grant \(index) flags",
          UInt64(table.load(fromByteOffset: index * 8, as: UInt16.self)))
      }
    } catch { say("REPORT: grant frames=\(error.message)") }
  }

  private func reportPorts() {
    for port in 0..<Self.portCount {
      var status = evtchn_status()
      status.dom = 0x7ff0
      status.port = port
      let result = withUnsafeMutablePointer(to: &status) {
        xen_hypercall_structure(
          UInt64(__HYPERVISOR_event_channel_op), UInt64(EVTCHNOP_status), $0, 0)
      }
      if result == 0, status.status != 0 { line("port \(port) status", UInt64(status.status)) }
    }
  }

  private func reportSharedInfo() {
    guard let page = StubDomain.sharedInfoPage else { return }
    let rings = [info.console.port, info.store.port]
    var pending: UInt64 = 0
    var masked: UInt64 = 0
    for port in 0..<4096 as Range<UInt32> where !rings.contains(port) {
      let word = Int(port / 64) * 8
      let bit = UInt64(port % 64)
      pending += page.load(fromByteOffset: 2048 + word, as: UInt64.self) >> bit & 1
      masked += page.load(fromByteOffset: 2560 + word, as: UInt64.self) >> bit & 1
    }
    let upcallMask = page.load(fromByteOffset: 1, as: UInt8.self)
    var otherMasks: UInt64 = 0
    for processor in 1..<32 {
      otherMasks += UInt64(page.load(fromByteOffset: 64 * processor + 1, as: UInt8.self))
    }
    line("upcall mask", UInt64(upcallMask))
    line("upcall masks of others", otherMasks)
    line("ports pending beside rings", pending)
    line("ports masked", masked)
    for offset in stride(from: 3088, to: 3136, by: 8) {
      line("arch word \(offset)", page.load(fromByteOffset: offset, as: UInt64.self))
    }
  }
}
