// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen

/// Output that needs nothing but the console ring (xen/io/console.h) and never waits: what does
/// not fit is dropped. For reports when the rest can't be trusted; a copy goes to Xen's log.
public enum EarlyConsole {
  nonisolated(unsafe) private static var ring: UnsafeMutableRawPointer?
  nonisolated(unsafe) private static var port: UInt32 = 0
  private static let outputByteCount: UInt32 = 2048
  private static let outputOffset = 1024
  private static let consumedOffset = 3080
  private static let producedOffset = 3084

  static func start(_ info: borrowing BootInfo) {
    port = info.console.port
    let frame = AddressSpace.frame(ofMachine: info.console.machineFrame)
    // The ring page is mapped at its own address: by Xen's builder in PV, by BootMemory in PVH.
    ring = UnsafeMutableRawPointer(bitPattern: UInt(frame << 12))
  }

  /// Writes a text; a line feed becomes CR LF.
  public static func write(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      for byte in bytes { put(byte) }
    }
    notify()
  }

  /// Begins a line of the domain's own.
  static func writeName() {
    write("\n")
    write(StubDomain.name)
    write(": ")
  }

  /// Writes 16 hexadecimal digits.
  static func write(hexadecimal value: UInt64) {
    for shift in stride(from: UInt64(60), through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: value >> shift & 0xf)
      put(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
    notify()
  }

  /// Writes one byte.
  static func write(_ byte: UInt8) {
    put(byte)
    if byte == ASCII.newline { notify() }
  }

  private static func put(_ byte: UInt8) {
    Hypercall.log(byte)
    if byte == ASCII.newline { store(ASCII.carriageReturn) }
    store(byte)
  }

  private static func store(_ byte: UInt8) {
    guard let ring else { return }
    let consumed = ring.load(fromByteOffset: consumedOffset, as: UInt32.self)
    let produced = ring.load(fromByteOffset: producedOffset, as: UInt32.self)
    guard produced &- consumed < outputByteCount else { return }
    let offset = outputOffset + Int(produced % outputByteCount)
    ring.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    xen_wmb()
    ring.storeBytes(of: produced &+ 1, toByteOffset: producedOffset, as: UInt32.self)
  }

  private static func notify() {
    guard ring != nil else { return }
    var argument = evtchn_send(port: port)
    _ = Hypercall.call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &argument)
  }
}
