// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import Bytes
@testable import FakeDom0
@testable import XenFrontends

/// A console whose other end writes anything into the page. The input is a list of rounds: a place
/// in the indexes, a length, and so many bytes, after which the console reads and writes.
final class ConsoleTarget: FuzzTarget {
  let name = "console"
  let byteCountMax = 512
  let freeMilliseconds: UInt64 = 50

  func seeds() -> [[UInt8]] {
    [
      [4, 4, 3, 0, 0, 0], [12, 4, 1, 0, 0, 0], [0, 4, 0, 4, 0, 0, 4, 4, 1, 4, 0, 0],
      [8, 4, 255, 255, 255, 255, 12, 1, 9],
    ]
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    let xen = FakeXen()
    let page = xen.makePages(count: 1).address
    let memory = SharedMemory(page, byteCount: 4096)
    let console = Console(page: page, port: 2, hypervisor: xen)
    console.timeLimit = 1000
    var rest = input
    while rest.count > 2 {
      let place = Int(rest[rest.startIndex] % 16)
      let count = min(Int(rest[rest.startIndex + 1] % 16), 16 - place)
      for (index, byte) in rest.dropFirst(2).prefix(count).enumerated() {
        memory.store(u8: byte, at: 3072 + place + index)
      }
      rest = rest.dropFirst(2 + count)
      if console.read().count > 1024 { fatalError("more keys than the ring holds") }
      console.write([0x61, 0x0a, 0x62])
      _ = (console.isDrained, console.prepareToSleep())
    }
    console.flush(until: xen.now + 1000)
  }
}

/// A disk whose backend writes anything into the ring. The input's first byte says what the backend
/// can do; then come rounds: a place in the ring (2 bytes), a length, and so many bytes.
final class BlockRingTarget: FuzzTarget {
  let name = "blockring"
  let byteCountMax = 512
  let freeMilliseconds: UInt64 = 50
  private let data = FakeDisk.pattern(byteCount: 64 << 10)

  func seeds() -> [[UInt8]] {
    var result: [[UInt8]] = []
    for kind in 0..<3 as Range<UInt8> {
      result.append([kind, 8, 0, 4, 2, 0, 0, 0])
      result.append([kind, 64, 0, 12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255])
      result.append([kind, 64, 0, 1, 1, 8, 0, 1, 7, 12, 0, 4, 1, 0, 0, 0])
    }
    return result
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    guard let kind = input.first, let guest = try? FakeGuest() else { return }
    defer {
      guest.daemon.forgetListeners()
      guest.xen.forgetPeers()
    }
    let features = [FakeDisk.Features.blkback, .qdisk, .plain][Int(kind % 3)]
    let backend = FakeDisk(guest.daemon, data: data, features: features)
    backend.requestsATurn = Int(kind / 3 % 8) + 1
    guard let disk = try? guest.connectedDisk() else { return }
    let frame = guest.xen.makeTarget(count: 16)
    let plan = ReadPlan(pieces: [
      ReadPlan.Piece(
        deviceByteOffset: 0, place: .init(frame: frame, byteOffset: 0), byteCount: 64 << 10)
    ])
    var rest = input.dropFirst()
    while rest.count > 3 {
      let place = (Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8) % 4000
      let count = min(Int(rest[rest.startIndex + 2] % 64), 4096 - place)
      var bytes = rest.dropFirst(3).prefix(count)
      rest = rest.dropFirst(3 + bytes.count)
      _ = try? disk.submit(plan)
      _ = try? disk.pump()
      backend.scribble(place..<place + bytes.count) { bytes.removeFirst() }
      _ = try? disk.read(at: 512, count: 100)
    }
    // Any error will do, but it must end, and close must report what is left.
    backend.lies.isMute = true
    _ = try? disk.close()
    guard guest.grants.activeCount == guest.xen.usedGrantCount,
      disk.heldGrantCount == guest.grants.activeCount, guest.xen.openPorts.isEmpty
    else { fatalError("grants or ports are lost") }
  }
}
