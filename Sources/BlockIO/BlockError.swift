// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a block device gave no data.
public indirect enum BlockError: BootFailure {
  /// The read would leave the device or the volume.
  case outOfRange(byteOffset: UInt64, byteCount: UInt64, deviceByteCount: UInt64)
  /// The backend answered with an error, again after the retries.
  case readFailed(sector: UInt64)
  /// The backend gave no answer within the time limit.
  case timedOut(sector: UInt64)
  /// The caller cancelled the read.
  case cancelled
  /// The device is closed or its backend has gone.
  case disconnected
  /// The backend broke the protocol.
  case protocolViolation(ByteString)
  /// The device may not be written.
  case readOnly
  /// The backend answered a write with an error, again after the retries.
  case writeFailed(sector: UInt64)
  /// There is no memory, or no grant, to read with.
  case outOfResources(ByteString)
  /// A packed piece of a file does not unpack; whose fault that is, and one line.
  case notUnpacked(FailureFamily, ByteString)
  /// What is on the device makes too much work.
  case work(WorkError)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .outOfRange: .corrupt
    case .readOnly: .wrongRequest
    case .readFailed, .writeFailed, .timedOut, .cancelled, .disconnected, .protocolViolation,
      .outOfResources:
      .device
    case .notUnpacked(let family, _): family
    case .work(let error): error.family
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .outOfRange(let offset, let count, let size):
      "read of \(count) bytes at byte \(offset) leaves the device of \(size) bytes"
    case .readFailed(let sector): "read error at sector \(sector)"
    case .timedOut(let sector): "no answer from the disk backend for sector \(sector)"
    case .cancelled: "the read was given up"
    case .disconnected: "the disk backend has gone"
    case .protocolViolation(let what): "the disk backend broke the protocol: \(what)"
    case .outOfResources(let what), .notUnpacked(_, let what): what
    case .readOnly: "the disk may not be written"
    case .writeFailed(let sector): "write error at sector \(sector)"
    case .work(let error): error.message
    }
  }
}

/// Charging work where only errors of devices can be thrown.
extension WorkAccount {
  /// `charge`, with an error that every reader of a format knows how to tell.
  @inline(never)
  public func pay(_ kind: WorkKind, _ count: Int = 1) throws(BlockError) {
    do throws(WorkError) { try charge(kind, count) } catch { throw .work(error) }
  }

  /// `require`, the same way.
  @inline(never)
  public func payMemory(byteCount: Int) throws(BlockError) {
    do throws(WorkError) { try require(byteCount: byteCount) } catch { throw .work(error) }
  }
}
