// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen

/// What can be asked of xenstore (`enum xsd_sockmsg_type`).
enum XenStoreOperation {
  case directory, directoryPart, read, write, makeDirectory, remove
  case watch, unwatch, transactionStart, transactionEnd

  /// The number on the wire.
  var type: UInt32 {
    switch self {
    case .directory: XS_DIRECTORY.rawValue
    case .directoryPart: XS_DIRECTORY_PART.rawValue
    case .read: XS_READ.rawValue
    case .write: XS_WRITE.rawValue
    case .makeDirectory: XS_MKDIR.rawValue
    case .remove: XS_RM.rawValue
    case .watch: XS_WATCH.rawValue
    case .unwatch: XS_UNWATCH.rawValue
    case .transactionStart: XS_TRANSACTION_START.rawValue
    case .transactionEnd: XS_TRANSACTION_END.rawValue
    }
  }

  /// The name for error messages.
  var name: ByteString {
    switch self {
    case .directory, .directoryPart: "list"
    case .read: "read"
    case .write: "write"
    case .makeDirectory: "make"
    case .remove: "remove"
    case .watch: "watch"
    case .unwatch: "unwatch"
    case .transactionStart: "transaction start"
    case .transactionEnd: "transaction end"
    }
  }
}

/// What each message begins with (`struct xsd_sockmsg`), 16 bytes.
package struct XenStoreHeader: Equatable {
  package static let byteCount = 16

  package var type: UInt32
  package var requestID: UInt32
  package var transactionID: UInt32
  package var byteCount: UInt32

  package init(type: UInt32, requestID: UInt32, transactionID: UInt32, byteCount: UInt32) {
    self.type = type
    self.requestID = requestID
    self.transactionID = transactionID
    self.byteCount = byteCount
  }

  /// The header at the start of `bytes`, or nil if there are too few.
  package init?(_ bytes: [UInt8]) {
    let view = ByteView(bytes)
    guard let type = view.u32(at: 0), let requestID = view.u32(at: 4),
      let transactionID = view.u32(at: 8), let byteCount = view.u32(at: 12)
    else { return nil }
    self.init(
      type: type, requestID: requestID, transactionID: transactionID, byteCount: byteCount)
  }

  package var bytes: [UInt8] {
    var result: [UInt8] = []
    for field in [type, requestID, transactionID, byteCount] {
      for shift in [0, 8, 16, 24] as [UInt32] {
        result.append(UInt8(truncatingIfNeeded: field >> shift))
      }
    }
    return result
  }
}

/// A whole message.
struct XenStoreMessage: Equatable {
  var header: XenStoreHeader
  var payload: [UInt8]
}

/// A watch that was set, or the event that it gave: with the path that changed then.
struct XenStoreWatch: Equatable {
  var path: ByteString
  var token: ByteString
}
