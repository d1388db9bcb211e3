// SPDX-License-Identifier: GPL-2.0-or-later
import CXen
import Testing

@testable import XenFrontends

@Suite struct LayoutTests {
  @Test func swiftSeesTheStructuresAsTheHeadersHaveThem() {
    #expect(MemoryLayout<blkif_request_t>.size == BLKIF_ENTRY_SIZE)
    #expect(MemoryLayout<blkif_request_t>.offset(of: \.id) == BLKIF_REQUEST_ID_OFFSET)
    #expect(MemoryLayout<blkif_request_t>.offset(of: \.sector_number) == 16)
    #expect(MemoryLayout<blkif_request_t>.offset(of: \.seg) == BLKIF_REQUEST_SEGMENTS_OFFSET)
    #expect(MemoryLayout<blkif_request_indirect_t>.offset(of: \.nr_segments) == 2)
    #expect(MemoryLayout<blkif_request_indirect_t>.offset(of: \.indirect_grefs) == 28)
    #expect(MemoryLayout<blkif_response_t>.offset(of: \.status) == BLKIF_RESPONSE_STATUS_OFFSET)
    #expect(MemoryLayout<blkif_sring_t>.offset(of: \.rsp_event) == BLKIF_RESPONSE_EVENT_OFFSET)
    #expect(MemoryLayout<grant_entry_v1_t>.size == GRANT_ENTRY_SIZE)
    #expect(MemoryLayout<xenstore_domain_interface>.offset(of: \.rsp_prod) == 2060)
    #expect(MemoryLayout<xencons_interface>.offset(of: \.out_prod) == 3084)
    #expect(MemoryLayout<xsd_sockmsg>.size == XenStoreHeader.byteCount)
  }

  @Test func requestsOnTheRingAreThoseOfTheHeader() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 * 4096, alignment: 4096)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * 4096)
    var ring = BlockRing(SharedMemory(memory, byteCount: 4096))
    #expect(ring.entryCount == 32)
    let segment = DiskSegment(frame: 1, firstSector: 2, lastSector: 5, reference: 77)
    ring.put(
      DiskRequest(owner: .bounce, sector: 1 << 40, segments: [segment]), id: 0xabc, handle: 0xca00)
    ring.putIndirectRead(
      id: 0xdef, sector: 9, segments: [segment, segment], handle: 1,
      list: SharedMemory(memory + 4096, byteCount: 4096), reference: 88)
    let wants1 = ring.publish()
    #expect(wants1)

    let shared = memory.load(as: blkif_sring.self)
    #expect(shared.req_prod == 2 && shared.rsp_event == 1 && shared.req_event == 1)
    let direct = (memory + 64).load(as: blkif_request_t.self)
    #expect(direct.operation == BLKIF_OP_READ && direct.nr_segments == 1)
    #expect(direct.handle == 0xca00 && direct.id == 0xabc && direct.sector_number == 1 << 40)
    #expect(direct.seg.0.gref == 77 && direct.seg.0.first_sect == 2 && direct.seg.0.last_sect == 5)
    let indirect = (memory + 64 + 112).load(as: blkif_request_indirect_t.self)
    #expect(indirect.operation == BLKIF_OP_INDIRECT && indirect.indirect_op == BLKIF_OP_READ)
    #expect(indirect.nr_segments == 2 && indirect.id == 0xdef && indirect.sector_number == 9)
    #expect(indirect.handle == 1 && indirect.indirect_grefs.0 == 88)
    let listed = (memory + 4096 + 8).load(as: blkif_request_segment.self)
    #expect(listed.gref == 77 && listed.first_sect == 2 && listed.last_sect == 5)
  }

  @Test func notifiesOnlyABackendThatAsked() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
    defer { memory.deallocate() }
    let shared = SharedMemory(memory, byteCount: 4096)
    var ring = BlockRing(shared)
    let wants2 = ring.publish()
    #expect(!wants2)
    ring.put(DiskRequest(owner: .bounce, sector: 0, segments: []), id: 1, handle: 0)
    let wants3 = ring.publish()
    #expect(wants3)
    // The backend is busy and has not moved its mark.
    ring.put(DiskRequest(owner: .bounce, sector: 0, segments: []), id: 2, handle: 0)
    let wants4 = ring.publish()
    #expect(!wants4)
    shared.store(u32: 3, at: 4)
    ring.put(DiskRequest(owner: .bounce, sector: 0, segments: []), id: 3, handle: 0)
    ring.put(DiskRequest(owner: .bounce, sector: 0, segments: []), id: 4, handle: 0)
    let wants5 = ring.publish()
    #expect(wants5)
  }

  @Test func ringOfSixteenPagesHasFiveHundredAndTwelveEntries() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 16 * 4096, alignment: 4096)
    defer { memory.deallocate() }
    #expect(BlockRing(SharedMemory(memory, byteCount: 16 * 4096)).entryCount == 512)
  }
}
