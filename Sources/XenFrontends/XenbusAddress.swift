// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The states of a device's two ends, as their nodes `state` have them (`xen/io/xenbus.h`). A
/// backend may write any number, so that these are numbers and no enumeration.
public enum XenbusState {
  /// The end is not ready yet; a frontend starts here.
  public static let initialising: UInt64 = 1
  /// The backend is ready and waits for the frontend's nodes.
  public static let initWait: UInt64 = 2
  /// The frontend has written its nodes.
  public static let initialised: UInt64 = 3
  /// The end uses the connection.
  public static let connected: UInt64 = 4
  /// The end wants to close.
  public static let closing: UInt64 = 5
  /// The end has let go of everything.
  public static let closed: UInt64 = 6
}

/// Where the two ends of a device are in xenstore, as the toolstack has set it up.
public struct XenbusAddress: Equatable, Sendable {
  /// The kind of the device, the name of a directory below `device`: `vbd`, `vfb`, `9pfs`.
  public let kind: ByteString
  /// The number of the device: the name of its directory.
  public let number: UInt64
  /// The frontend's directory, relative to the domain's: `device/vbd/51712`.
  public let path: ByteString
  /// The backend's directory, absolute.
  public let backendPath: ByteString
  /// The domain of the backend.
  public let backendDomain: UInt16

  /// More devices of a kind than this are not looked at.
  private static let countMax = 256

  /// The device `number` of `kind`; nil if the toolstack's nodes `backend` and `backend-id` are
  /// missing or make no sense.
  public init?<H: Hypervisor>(
    kind: ByteString, number: UInt64, store: XenStore<H>
  ) throws(XenStoreError) {
    let path: ByteString = "device/\(kind)/\(number)"
    guard let backend = try store.readIfPresent(path + "/backend"), !backend.isEmpty,
      let domainText = try store.readIfPresent(path + "/backend-id"),
      let domainNumber = Numbers.decimal(domainText), let domain = UInt16(exactly: domainNumber)
    else { return nil }
    self.kind = kind
    self.number = number
    self.path = path
    backendPath = backend
    backendDomain = domain
  }

  /// All devices of `kind` that the toolstack has set up, by number, at most 256.
  public static func all<H: Hypervisor>(
    kind: ByteString, store: XenStore<H>
  ) throws(XenStoreError) -> [XenbusAddress] {
    let names: [ByteString]
    do throws(XenStoreError) {
      names = try store.directory("device/" + kind)
    } catch {
      if error.isNotFound { return [] }
      throw error
    }
    var numbers: [UInt64] = []
    for name in names.prefix(countMax) {
      if let number = Numbers.decimal(name) { numbers.append(number) }
    }
    numbers.sort()
    var result: [XenbusAddress] = []
    for number in numbers {
      if let address = try XenbusAddress(kind: kind, number: number, store: store) {
        result.append(address)
      }
    }
    return result
  }
}

/// A node that a frontend writes into its directory.
public struct XenbusNode: Equatable, Sendable {
  /// Its name, `event-channel`.
  public let name: ByteString
  /// Its value.
  public let value: ByteString

  /// The node.
  public init(_ name: ByteString, _ value: ByteString) {
    self.name = name
    self.value = value
  }

  /// The nodes that tell of a ring as block devices do: `ring-ref` for one page, else
  /// `ring-page-order` and `ring-ref0` on. The count must be a power of two.
  public static func ring(_ references: [UInt32]) -> [XenbusNode] {
    if references.count == 1 { return [XenbusNode("ring-ref", "\(references[0])")] }
    var nodes = [XenbusNode("ring-page-order", "\(references.count.trailingZeroBitCount)")]
    for (index, reference) in references.enumerated() {
      nodes.append(XenbusNode("ring-ref\(index)", "\(reference)"))
    }
    return nodes
  }
}
