// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
public import Bytes

/// A volume with LVM2's label, and the copies of its group's text that are on it
/// (`lib/label/label.h`, `lib/format_text/layout.h`).
public final class PhysicalVolume<Device: BlockDevice> {
  /// Where it is.
  public let volume: Volume<Device>
  /// Its identifier, with hyphens: `xxxxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xxxxxx`.
  public let identifier: ByteString

  private let areas: [Area]
  private var loaded: Loaded?

  /// What the copies say.
  private struct Loaded {
    var group: VolumeGroup?
    var failure: LVMError?
  }

  private struct Area {
    let byteOffset: UInt64
    let byteCount: UInt64
  }

  private static var sectorByteCount: Int { 512 }
  private static var labelSectorCount: Int { 4 }
  private static var areaHeaderByteCount: Int { 512 }
  private static var initialChecksum: UInt32 { 0xf597_a6cf }

  /// The physical volume on `volume`; nil if it has no label. Throws if what looks like one is
  /// damaged.
  public static func read(_ volume: Volume<Device>) throws(LVMError) -> PhysicalVolume? {
    let size = sectorByteCount * labelSectorCount
    guard volume.byteCount >= UInt64(size) else { return nil }
    let bytes: [UInt8]
    do { bytes = try volume.read(at: 0, count: size) } catch { return nil }
    let view = ByteView(bytes)
    for sector in 0..<labelSectorCount {
      guard let label = view.slice(at: sector * sectorByteCount, count: sectorByteCount),
        label.string(at: 0, count: 8) == "LABELONE", label.u64(at: 8) == UInt64(sector),
        label.string(at: 24, count: 8) == "LVM2 001", let stored = label.u32(at: 16),
        let start = label.u32(at: 20), let covered = label.suffix(from: 20)
      else { continue }
      let computed = checksum(covered)
      guard ChecksumRule.matches(stored, computed) else {
        throw .badLabelChecksum(stored: stored, computed: computed)
      }
      guard start <= UInt32(sectorByteCount), let header = label.suffix(from: Int(start)),
        let identifier = header.string(at: 0, count: 32)
      else { throw .badHeader }
      return PhysicalVolume(volume, try formatted(identifier), try areas(header))
    }
    return nil
  }

  private init(_ volume: Volume<Device>, _ identifier: ByteString, _ areas: [Area]) {
    self.volume = volume
    self.identifier = identifier
    self.areas = areas
  }

  /// What it says of its group; nil if it has no copy, or none that can be read.
  var group: VolumeGroup? { load(LVMTexts()).group }

  /// Why a copy can't be read.
  public var failure: LVMError? { load(LVMTexts()).failure }

  /// Reads the copies, unless that is done. All volumes of a group have the same text, so it is
  /// parsed once.
  public func readCopies(_ texts: LVMTexts) { _ = load(texts) }

  /// Forgets what the copies say, once volumes are made of it: it can be many times as much as the
  /// text.
  public func forgetCopies() { loaded = Loaded() }

  private func load(_ texts: LVMTexts) -> Loaded {
    if let loaded { return loaded }
    var result = Loaded()
    for area in areas {
      do throws(LVMError) {
        guard let found = try Self.group(volume, area, texts) else { continue }
        if let known = result.group, known.sequenceNumber >= found.sequenceNumber { continue }
        result.group = found
      } catch { result.failure = error }
    }
    loaded = result
    return result
  }

  /// The metadata areas of a header: they are the second list, after the data areas.
  private static func areas(_ header: ByteView) throws(LVMError) -> [Area] {
    var result: [Area] = []
    var offset = 40
    for list in 0..<2 {
      for _ in 0...LVMLimits.areaCountMax {
        guard let start = header.u64(at: offset), let count = header.u64(at: offset + 8) else {
          throw .badHeader
        }
        offset += 16
        if start == 0 { break }
        if list == 1 { result.append(Area(byteOffset: start, byteCount: count)) }
      }
    }
    return result
  }

  /// The group of a metadata area; nil if the area has no text.
  private static func group(
    _ volume: Volume<Device>, _ area: Area, _ texts: LVMTexts
  ) throws(LVMError) -> VolumeGroup? {
    let header = ByteView(try bytes(volume, area.byteOffset, areaHeaderByteCount))
    guard let stored = header.u32(at: 0), let covered = header.suffix(from: 4),
      header.string(at: 4, count: 16) == " LVM2 x[5A%r0N*>", let version = header.u32(at: 20),
      let start = header.u64(at: 24), let size = header.u64(at: 32),
      let offset = header.u64(at: 40), let count = header.u64(at: 48),
      let textChecksum = header.u32(at: 56), let flags = header.u32(at: 60)
    else { throw .badArea(byteOffset: area.byteOffset) }
    let computed = checksum(covered)
    guard ChecksumRule.matches(stored, computed) else {
      throw .badAreaChecksum(stored: stored, computed: computed)
    }
    guard version == 1 else { throw .unsupportedAreaVersion(version) }
    // No text, or one that its group ignores (RAW_LOCN_IGNORED).
    if offset == 0 || count == 0 || flags & 1 != 0 { return nil }
    let head = UInt64(areaHeaderByteCount)
    guard start == area.byteOffset, size > head, offset >= head, offset < size,
      count <= size - head, count <= UInt64(LVMLimits.textByteCountMax),
      let place = Checked.sum(start, offset)
    else { throw .badTextPlace(byteOffset: offset, byteCount: count) }
    // What does not fit after `offset` goes on after the area's header.
    let first = min(count, size - offset)
    var text = try bytes(volume, place, Int(first))
    if first < count {
      guard let again = Checked.sum(start, head) else {
        throw .badTextPlace(byteOffset: offset, byteCount: count)
      }
      text += try bytes(volume, again, Int(count - first))
    }
    let textComputed = checksum(ByteView(text))
    guard ChecksumRule.matches(textChecksum, textComputed) else {
      throw .badTextChecksum(stored: textChecksum, computed: textComputed)
    }
    return try texts.group(text, checksum: textChecksum, volume.work)
  }

  private static func bytes(
    _ volume: Volume<Device>, _ byteOffset: UInt64, _ count: Int
  ) throws(LVMError) -> [UInt8] {
    do { return try volume.read(at: byteOffset, count: count) } catch { throw .device(error) }
  }

  private static func checksum(_ view: ByteView) -> UInt32 {
    view.withBytes { CRC32.ieee.update(initialChecksum, $0) }
  }

  /// An identifier of 32 letters with the hyphens that LVM2 shows and writes into its text.
  private static func formatted(_ identifier: ByteString) throws(LVMError) -> ByteString {
    var result = ByteString()
    for (index, byte) in identifier.bytes.enumerated() {
      guard ASCII.isPrintable(byte) else { throw .badHeader }
      if index > 0, index < 30, (index - 2) % 4 == 0, index != 2 { result.append(0x2d) }
      result.append(byte)
    }
    return result
  }
}
