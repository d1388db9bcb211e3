// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import TestSupport
import Testing

@testable import Partitions

/// The work that LVM2's metadata makes: each text is parsed once, each volume mapped once.
struct LVMScaleTests {
  /// A logical volume in a group's text, with segments as they stand there.
  private static func volume(_ name: String, _ segments: [String], extents: Int = 1) -> String {
    var text = "\(name) {\nid = \"\(name)\"\nstatus = [\"READ\", \"VISIBLE\"]\n"
    text += "segment_count = \(segments.count)\n"
    for (index, segment) in segments.enumerated() {
      text += "segment\(index + 1) {\nstart_extent = \(index * extents)\n"
      text += "extent_count = \(extents)\n\(segment)\n}\n"
    }
    return text + "}\n"
  }

  /// One extent of another volume, or of the physical one.
  private static func linear(_ name: String, _ extent: Int = 0) -> String {
    "type = \"striped\"\nstripe_count = 1\nstripes = [\"\(name)\", \(extent)]"
  }

  /// An image of RAID 1 that is on `image`, and whose state is on `state`.
  private static func mirror(_ pairs: [(state: String, image: String)]) -> String {
    let list = pairs.map { "\"\($0.state)\", \"\($0.image)\"" }.joined(separator: ", ")
    return "type = \"raid1\"\nraids = [\(list)]"
  }

  /// A mapper over a physical volume that is there.
  private static func mapper(_ volumes: [String]) throws -> LogicalVolumeMapper<MemoryDevice> {
    let physical = try LVMImages(1, "root:linear:@0").physicalVolumes()
    let text = """
      vg {
      id = "vg"
      seqno = 1
      extent_size = 128
      physical_volumes {
      pv0 {
      id = "\(physical[0].identifier.text)"
      pe_start = 2048
      pe_count = 4
      }
      }
      logical_volumes {
      \(volumes.joined())
      }
      }
      """
    return LogicalVolumeMapper(try VolumeGroup(text: Array(text.utf8)), physical)
  }

  /// Maps every volume; gives how many could be.
  private static func mapAll(
    _ mapper: LogicalVolumeMapper<MemoryDevice>
  ) -> (mapped: Int, failures: [LVMError]) {
    var mapped = 0
    var failures: [LVMError] = []
    for index in mapper.group.logicalVolumes.indices {
      var remarks: [ByteString] = []
      do throws(LVMError) {
        _ = try mapper.map(index, depth: 0, &remarks)
        mapped += 1
      } catch { failures.append(error) }
      #expect(remarks.count <= LVMLimits.remarkCountMax)
    }
    return (mapped, failures)
  }

  @Test func stepsGrowAsVolumesDo() throws {
    for count in [10, 100, 1000] {
      let volumes = (0..<count).map { Self.volume("lv\($0)", [Self.linear("pv0", $0 % 4)]) }
      let mapper = try Self.mapper(volumes)
      #expect(Self.mapAll(mapper).mapped == count)
      #expect(mapper.segmentCount == count)
      // What is known is not looked at again.
      #expect(Self.mapAll(mapper).mapped == count)
      #expect(mapper.segmentCount == count)
    }
  }

  @Test func aVolumeUnderManyIsMappedOnce() throws {
    let top = (0..<200).map { Self.volume("top\($0)", [Self.linear("base")]) }
    let mapper = try Self.mapper(top + [Self.volume("base", [Self.linear("pv0")])])
    #expect(Self.mapAll(mapper).mapped == 201)
    #expect(mapper.segmentCount == 201)
  }

  @Test func volumesStandOnEachOtherUpToTheLimitWhicheverIsAskedForFirst() throws {
    let chain = (0..<8).map { Self.volume("v\($0)", [Self.linear($0 == 0 ? "pv0" : "v\($0 - 1)")]) }
    for volumes in [chain, chain.reversed()] {
      let mapper = try Self.mapper(volumes)
      let (mapped, failures) = Self.mapAll(mapper)
      #expect(mapped == LVMLimits.volumeDepthMax)
      #expect(failures == [LVMError](repeating: .tooDeep, count: 4))
    }
  }

  /// Volumes of arrays of volumes of arrays: without a memory each level would multiply the work.
  @Test func aFanOfArraysCostsNoMoreThanItsText() throws {
    let width = 20
    var volumes: [String] = []
    for level in 0..<6 {
      for index in 0..<width {
        let pairs = (0..<width).map { ("v\(level + 1)x\($0)", "v\(level + 1)x\($0)") }
        let segment = level == 5 ? Self.linear("pv0") : Self.mirror(pairs)
        volumes.append(Self.volume("v\(level)x\(index)", [segment]))
      }
    }
    let mapper = try Self.mapper(volumes)
    let (mapped, failures) = Self.mapAll(mapper)
    #expect(mapped == 4 * width)
    #expect(failures == [LVMError](repeating: .tooDeep, count: 2 * width))
    #expect(mapper.segmentCount <= volumes.count * (LVMLimits.volumeDepthMax + 1))
  }

  @Test func aCircleEnds() throws {
    let mapper = try Self.mapper([
      Self.volume("a", [Self.linear("b")]), Self.volume("b", [Self.linear("a")]),
      Self.volume("c", [Self.linear("pv0")]),
    ])
    let (mapped, failures) = Self.mapAll(mapper)
    #expect(mapped == 1)
    #expect(failures == [.tooDeep, .tooDeep])
  }

  @Test func segmentsOfSegmentsAreBounded() throws {
    let low = (0..<1024).map { Self.linear("pv0", $0 % 4) }
    let high = (0..<1025).map { _ in Self.linear("v0") }
    let mapper = try Self.mapper([
      Self.volume("v0", low), Self.volume("v1", high, extents: 1024),
    ])
    let (mapped, failures) = Self.mapAll(mapper)
    #expect(mapped == 1)
    #expect(failures == [.tooComplex])
  }

  @Test func theTextOfAGroupIsParsedOnce() throws {
    let images = try LVMImages(3, "root:striped:@0")
    let texts = LVMTexts()
    let physical = try images.physicalVolumes()
    for volume in physical { volume.readCopies(texts) }
    #expect(texts.parsedCount == 1)
    #expect(physical.allSatisfy { $0.failure == nil && $0.group?.name == "my-vg" })
    // One that knows an older text is another.
    let older = try LVMImages(2, "old=1", "root:linear:@0")
    for volume in try older.physicalVolumes() { volume.readCopies(texts) }
    #expect(texts.parsedCount == 3)
  }
}
