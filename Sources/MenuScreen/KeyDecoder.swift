// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Turns the bytes that a terminal sends (VT100 and xterm's additions) into keys. A sequence may be
/// split over any number of reads; an escape byte that nothing follows for `escapeNanoseconds` is
/// the Escape key.
public struct KeyDecoder: Sendable {
  /// How long an escape byte waits for the rest of a sequence.
  public static let escapeNanoseconds: UInt64 = 100_000_000
  /// How long a sequence that has begun waits for its rest. The terminal's answer may come in
  /// pieces, and after a longer gap the rest would be taken for typed text.
  public static let sequenceNanoseconds: UInt64 = 1_000_000_000
  /// The longest sequence that is recognised, in bytes.
  static let sequenceByteCountMax = 16

  private enum State {
    case ground
    case escape
    /// After `ESC [`, with the parameter bytes so far.
    case control([UInt8])
    /// After `ESC O`.
    case single
  }

  private var state = State.ground
  private var lastByteTime: UInt64 = 0
  private var isAfterCarriageReturn = false

  /// A decoder with no sequence open.
  public init() {}

  /// When `expire` has to be called; nil while no sequence is open.
  public var deadline: UInt64? {
    switch state {
    case .ground: nil
    case .escape, .single: lastByteTime &+ KeyDecoder.escapeNanoseconds
    case .control: lastByteTime &+ KeyDecoder.sequenceNanoseconds
    }
  }

  /// The key that a byte completes, if it does. `now` is in nanoseconds.
  public mutating func decode(_ byte: UInt8, now: UInt64) -> Key? {
    lastByteTime = now
    switch state {
    case .ground: return ground(byte)
    case .escape:
      switch byte {
      case 0x5b: state = .control([])
      case 0x4f: state = .single
      case ASCII.escape: return .escape
      default:
        state = .ground
        return .unknown
      }
      return nil
    case .single:
      state = .ground
      return KeyDecoder.letter(byte)
    case .control(var parameters):
      if byte >= 0x40, byte <= 0x7e {
        state = .ground
        switch byte {
        case 0x7e: return KeyDecoder.numbered(parameters)
        case 0x52: return KeyDecoder.size(parameters)
        default: return KeyDecoder.letter(byte)
        }
      }
      guard byte >= 0x20, parameters.count < KeyDecoder.sequenceByteCountMax else {
        state = .ground
        return .unknown
      }
      parameters.append(byte)
      state = .control(parameters)
      return nil
    }
  }

  /// Ends a sequence that was not completed in time: a lone escape byte is the key.
  public mutating func expire(now: UInt64) -> Key? {
    guard let deadline, now >= deadline else { return nil }
    defer { state = .ground }
    if case .escape = state { return .escape }
    return .unknown
  }

  private mutating func ground(_ byte: UInt8) -> Key? {
    let isSecondOfPair = isAfterCarriageReturn && byte == ASCII.newline
    isAfterCarriageReturn = byte == ASCII.carriageReturn
    switch byte {
    case ASCII.escape:
      state = .escape
      return nil
    case ASCII.carriageReturn: return .enter
    case ASCII.newline: return isSecondOfPair ? nil : .enter
    case ASCII.tab: return .tab
    case 0x08, 0x7f: return .backspace
    case 0x01...0x1a: return .control(byte + 0x60)
    case 0x20...: return .text(byte)
    default: return .unknown
    }
  }

  private static func letter(_ byte: UInt8) -> Key {
    switch byte {
    case 0x41: .up
    case 0x42: .down
    case 0x43: .right
    case 0x44: .left
    case 0x46: .end
    case 0x48: .home
    case 0x4d: .enter
    default: .unknown
    }
  }

  /// A report of the cursor's place (CPR, ECMA-48). In the first row it would be xterm's F3 with a
  /// modifier.
  private static func size(_ parameters: [UInt8]) -> Key {
    let parts = ByteString(parameters).split(on: 0x3b)
    guard parts.count == 2, let rows = Numbers.decimal(parts[0]), rows > 1,
      let columns = Numbers.decimal(parts[1]), columns > 0
    else { return .unknown }
    return .size(
      TerminalSize(
        columnCount: Int(clamping: columns), rowCount: Int(clamping: rows)))
  }

  private static func numbered(_ parameters: [UInt8]) -> Key {
    switch Numbers.decimal(ByteString(parameters.prefix { ASCII.isDigit($0) })) {
    case 1, 7: .home
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 21: .f10
    default: .unknown
    }
  }
}
