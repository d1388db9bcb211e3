// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How a file gets into page frames: what the devices can put there themselves, and the rest.
///
/// First execute all `pieces`, each on its device, then do `copies`, `reads`, `unpackings` and
/// `zeros`, in any order: a piece may put bytes beyond the end of the file that `zeros` takes away
/// again.
public struct ReadPlan: Equatable, Sendable {
  /// A run that a device puts into consecutive frames without a copy. All three numbers are
  /// multiples of the device's sector size.
  public struct Piece: Equatable, Sendable {
    /// Which of the volume's devices it is on.
    public var device: Int
    /// Where the run starts on the device, in bytes.
    public var deviceByteOffset: UInt64
    /// Where its first byte goes.
    public var place: Place
    /// The length in bytes.
    public var byteCount: UInt64

    /// A run of `byteCount` bytes at `deviceByteOffset` that goes to `place` and on.
    public init(device: Int = 0, deviceByteOffset: UInt64, place: Place, byteCount: UInt64) {
      self.device = device
      self.deviceByteOffset = deviceByteOffset
      self.place = place
      self.byteCount = byteCount
    }
  }

  /// A run of the volume that must be read through a buffer (`Volume.read`): it is not aligned to
  /// sectors, or must be computed.
  public struct Read: Equatable, Sendable {
    /// Where it starts on the volume, in bytes.
    public var volumeByteOffset: UInt64
    /// Where its first byte goes.
    public var place: Place
    /// The length in bytes.
    public var byteCount: UInt64
  }

  /// A byte in a frame; what is longer than the frame goes on in the next numbers.
  public struct Place: Equatable, Sendable {
    /// The frame's pseudo-physical number.
    public var frame: UInt64
    /// The byte in the frame, under 4096.
    public var byteOffset: Int

    /// The byte `byteOffset` of `frame`.
    public init(frame: UInt64, byteOffset: Int) {
      self.frame = frame
      self.byteOffset = byteOffset
    }
  }

  /// Bytes of metadata to copy to a place; they never cross from one frame range into another.
  public struct Copy: Equatable, Sendable {
    /// The bytes.
    public var bytes: [UInt8]
    /// Where the first one goes.
    public var place: Place
  }

  /// A packed piece of a file to unpack to a place; it never crosses from one frame range into
  /// another.
  public struct Unpacking: Equatable, Sendable {
    /// The piece.
    public var extent: EncodedExtent
    /// Where its first byte goes.
    public var place: Place
  }

  /// A run of zeros to make.
  public struct Zeros: Equatable, Sendable {
    /// Where it starts.
    public var place: Place
    /// The length in bytes.
    public var byteCount: UInt64
  }

  /// What the devices put into frames themselves.
  public private(set) var pieces: [Piece] = []
  /// What must be copied out of metadata.
  public private(set) var copies: [Copy] = []
  /// What must be read through a buffer.
  public private(set) var reads: [Read] = []
  /// What must be unpacked (`ExtentReader`).
  public private(set) var unpackings: [Unpacking] = []
  /// What must be zeroed.
  public private(set) var zeros: [Zeros] = []

  /// The number of devices that pieces may be on.
  public let deviceCount: Int

  /// A plan of pieces that were made by hand, on one device.
  public init(pieces: [Piece]) {
    self.pieces = pieces
    deviceCount = 1
  }

  /// The pieces on one of the volume's devices.
  public func pieces(onDevice index: Int) -> [Piece] {
    deviceCount == 1 ? pieces : pieces.filter { $0.device == index }
  }

  /// The bytes that the devices put into frames.
  public var pieceByteCount: UInt64 { pieces.reduce(0) { $0 &+ $1.byteCount } }

  /// The plan that brings a file into frames.
  ///
  /// - Parameters:
  ///   - extents: The file, as its reader gave it.
  ///   - volume: The file's volume.
  ///   - target: Where the file goes.
  /// - Throws: `BlockError.outOfRange` if an extent leaves the volume or the file is larger than
  /// the frames.
  public init<Device: BlockDevice>(
    _ extents: [Extent], on volume: Volume<Device>, target: Target
  ) throws(BlockError) {
    var builder = ReadPlanBuilder(devices: volume.geometries, target: target)
    for (index, extent) in extents.enumerated() {
      switch extent {
      case .run(let byteOffset, let byteCount):
        try builder.addRun(
          byteOffset, byteCount, of: volume, isLast: index == extents.count - 1)
      case .zeros(let byteCount): try builder.addZeros(byteCount)
      case .inline(let bytes): try builder.addInline(bytes[...])
      case .encoded(let piece): try builder.addEncoded(piece)
      }
    }
    try builder.finish()
    pieces = builder.pieces
    copies = builder.copies
    reads = builder.reads
    unpackings = builder.unpackings
    zeros = builder.zeros
    deviceCount = max(1, volume.devices.count)
  }

  /// What a plan must know of a device.
  public struct DeviceGeometry: Equatable, Sendable {
    /// The size in bytes.
    public var byteCount: UInt64
    /// 512, 2048 or 4096.
    public var sectorByteCount: Int

    /// A device of `byteCount` bytes in sectors of `sectorByteCount`.
    public init(byteCount: UInt64, sectorByteCount: Int) {
      self.byteCount = byteCount
      self.sectorByteCount = sectorByteCount
    }
  }

  /// Where a file goes.
  public struct Target: Equatable, Sendable {
    /// The frames in the order of the file.
    public var frames: [FrameRange]
    /// Where the file's first byte goes, counted from the first frame's start.
    public var byteOffset: UInt64
    /// How many bytes after the file become zeros; nil: up to the end of the frame.
    public var zeroedTailByteCount: UInt64?

    /// `frames`, from `byteOffset` on.
    public init(
      frames: [FrameRange], byteOffset: UInt64 = 0, zeroedTailByteCount: UInt64? = nil
    ) {
      self.frames = frames
      self.byteOffset = byteOffset
      self.zeroedTailByteCount = zeroedTailByteCount
    }
  }
}
