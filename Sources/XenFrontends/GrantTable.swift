// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import CXen

/// Why a frame could not be granted, or a grant could not be ended.
public enum GrantError: BootFailure {
  /// All entries are in use, and the table can't grow.
  case exhausted(entryCount: Int)
  /// The other domain still has the frame mapped.
  case inUse(reference: UInt32)
  /// A machine frame number that version 1 of the table can't express (over 16 TiB).
  case frameTooHigh(frame: UInt64)
  /// The hypervisor refused to provide the table.
  case hypervisor(HypervisorError)

  /// Whose fault it is.
  public var family: FailureFamily { .device }

  /// One line that names the entry.
  public var message: ByteString {
    switch self {
    case .exhausted(let count): "all \(count) entries of the grant table are in use"
    case .inUse(let reference): "the backend still holds grant \(reference)"
    case .frameTooHigh(let frame): "frame \(hex: frame) is too high for a grant"
    case .hypervisor(let error): error.message
    }
  }
}

/// The domain's grant table, version 1 (`xen/grant_table.h`): which frames other domains may use.
///
/// It grows on demand. Entries 0 to 7 belong to the toolstack. Entries that are in use at the start
/// belong to somebody else and are left alone.
public final class GrantTable<H: Hypervisor> {
  /// How many grants are active.
  public private(set) var activeCount = 0

  /// How many grants were ever given.
  public private(set) var grantedCount = 0

  private static var entriesAFrame: Int { 4096 / GRANT_ENTRY_SIZE }
  /// How often clearing an entry is tried while its flags keep changing.
  private static var endAttempts: Int { 1000 }

  private let hypervisor: H
  private var frameCountMax: Int
  private var table: SharedMemory
  private var frameCount: Int
  private var free: [UInt32] = []

  /// Maps the table as it is.
  public init(hypervisor: H) throws(GrantError) {
    self.hypervisor = hypervisor
    do throws(HypervisorError) {
      let size = try hypervisor.grantTableSize()
      // A new domain may have no frame yet. 64 frames, 32768 entries, is our own limit.
      frameCount = max(1, min(size.frameCount, 64))
      frameCountMax = max(frameCount, min(size.frameCountMax, 64))
      let base = try hypervisor.mapGrantTable(frameCount: frameCount)
      table = SharedMemory(base, byteCount: frameCount * 4096)
    } catch {
      throw .hypervisor(error)
    }
    collectFree(from: Int(GNTTAB_NR_RESERVED_ENTRIES))
  }

  /// How many more grants are possible.
  public var availableCount: Int {
    free.count + (frameCountMax - frameCount) * Self.entriesAFrame
  }

  /// Lets `domain` use the pseudo-physical frame `frame`; returns the reference to pass to it.
  public func grant(
    frame: UInt64, to domain: UInt16, readOnly: Bool
  ) throws(GrantError) -> UInt32 {
    let target = hypervisor.grantableFrame(frame)
    guard let frameField = UInt32(exactly: target) else { throw .frameTooHigh(frame: target) }
    let reference = try allocate()
    let entry = Int(reference) * GRANT_ENTRY_SIZE
    table.store(u16: domain, at: entry + GRANT_DOMAIN_OFFSET)
    table.store(u32: frameField, at: entry + GRANT_FRAME_OFFSET)
    // The store releases: whoever sees the flags sees the rest.
    let flags = UInt16(GTF_permit_access) | (readOnly ? UInt16(GTF_readonly) : 0)
    table.store(u16: flags, at: entry + GRANT_FLAGS_OFFSET)
    activeCount += 1
    grantedCount += 1
    return reference
  }

  /// Lets `domain` read and write all of `frames`, or none if that fails; returns their references
  /// in the same order.
  public func grantAll(_ frames: [UInt64], to domain: UInt16) throws(GrantError) -> [UInt32] {
    var references: [UInt32] = []
    do throws(GrantError) {
      for frame in frames {
        references.append(try grant(frame: frame, to: domain, readOnly: false))
      }
    } catch {
      // Nobody knows the references yet, so nobody has the frames mapped.
      for reference in references { try? end(reference) }
      throw error
    }
    return references
  }

  /// Revokes the grant; throws, and changes nothing, while the other domain uses the frame.
  public func end(_ reference: UInt32) throws(GrantError) {
    let offset = Int(reference) * GRANT_ENTRY_SIZE + GRANT_FLAGS_OFFSET
    for _ in 0..<Self.endAttempts {
      let flags = table.u16(at: offset)
      guard flags & UInt16(GTF_reading | GTF_writing) == 0 else { break }
      if table.exchange(u16: 0, at: offset, expecting: flags) {
        activeCount -= 1
        free.append(reference)
        return
      }
    }
    throw .inUse(reference: reference)
  }

  private func allocate() throws(GrantError) -> UInt32 {
    if let reference = free.popLast() { return reference }
    guard frameCount < frameCountMax else {
      throw .exhausted(entryCount: frameCount * Self.entriesAFrame)
    }
    let larger = min(frameCountMax, frameCount * 2)
    do throws(HypervisorError) {
      let base = try hypervisor.mapGrantTable(frameCount: larger)
      table = SharedMemory(base, byteCount: larger * 4096)
    } catch {
      frameCountMax = frameCount
      throw .hypervisor(error)
    }
    let firstNew = frameCount * Self.entriesAFrame
    frameCount = larger
    collectFree(from: firstNew)
    guard let reference = free.popLast() else {
      throw .exhausted(entryCount: frameCount * Self.entriesAFrame)
    }
    return reference
  }

  private func collectFree(from first: Int) {
    var reference = frameCount * Self.entriesAFrame
    while reference > first {
      reference -= 1
      if table.u16(at: reference * GRANT_ENTRY_SIZE + GRANT_FLAGS_OFFSET) == 0 {
        free.append(UInt32(reference))
      }
    }
  }
}
