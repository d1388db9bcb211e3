// SPDX-License-Identifier: GPL-2.0-or-later

/// What a `VolumeMap` may be at most.
public enum VolumeLimits {
  /// How deep arrays may stand on arrays.
  public static let depthMax = 4

  /// The most segments of a volume.
  public static let segmentCountMax = 1 << 20
}

/// A part of a volume that is stored in one way.
public struct VolumeSegment<Device: BlockDevice> {
  /// Where the bytes come from.
  public enum Source {
    /// A device.
    case device(Device)
    /// Nowhere: zeros.
    case zeros
    /// Memory, as a small file's contents out of its inode.
    case inline([UInt8])
    /// Members of an array in turn.
    indirect case striped(StripedSet<Device>)
  }

  /// Where the bytes come from.
  public let source: Source
  /// Where the segment begins in its source, in bytes.
  public let sourceByteOffset: UInt64
  /// Its length in bytes.
  public let byteCount: UInt64
  /// Where it begins in its volume.
  private(set) var start: UInt64 = 0

  /// `byteCount` bytes of `source` from `sourceByteOffset` on.
  public init(_ source: Source, at sourceByteOffset: UInt64, byteCount: UInt64) {
    self.source = source
    self.sourceByteOffset = sourceByteOffset
    self.byteCount = byteCount
  }

  /// Whether the source has all of these bytes.
  var isInside: Bool {
    let size: UInt64
    switch source {
    case .device(let device): size = device.byteCount
    case .zeros: size = .max
    case .inline(let bytes): size = UInt64(bytes.count)
    case .striped(let set): size = set.byteCount
    }
    return sourceByteOffset <= size && byteCount <= size - sourceByteOffset
  }

  /// The `count` bytes from `offset` on, which are inside, as a segment of their own.
  func part(at offset: UInt64, count: UInt64) -> VolumeSegment {
    VolumeSegment(source, at: sourceByteOffset + offset, byteCount: count)
  }

  /// The same segment with its place in a volume.
  func placed(at start: UInt64) -> VolumeSegment {
    var result = self
    result.start = start
    return result
  }
}

/// Where a range of a volume is, down to devices.
public enum VolumePiece<Device: BlockDevice> {
  /// On a device.
  case device(Device, byteOffset: UInt64, byteCount: UInt64)
  /// Nowhere: zeros.
  case zeros(byteCount: UInt64)
  /// In memory.
  indirect case inline(ArraySlice<UInt8>)
  /// On a member that is missing.
  indirect case computed(ComputedRange<Device>)

  /// The length in bytes.
  public var byteCount: UInt64 {
    switch self {
    case .device(_, _, let count), .zeros(let count): count
    case .inline(let bytes): UInt64(bytes.count)
    case .computed(let range): UInt64(range.byteCount)
    }
  }
}
