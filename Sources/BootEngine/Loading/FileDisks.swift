// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import FileSystem
import StubMachine
import XenFrontends

/// The disks of a volume, kept busy all at the same time. Contents go past their caches.
struct FileDisks<M: Machine> {
  /// Nanoseconds of sleep at most before the rings are looked at again.
  private static var sleepMax: UInt64 { 1_000_000_000 }

  /// Nanoseconds that a backend has for letting go of frames whose requests it has answered.
  private static var grantTime: UInt64 { 1_000_000_000 }
  /// Nanoseconds between two looks at them.
  private static var grantInterval: UInt64 { 1_000_000 }
  /// Nanoseconds that a backend has for answering what nobody wants any more.
  private static var refusalTime: UInt64 { 5_000_000_000 }

  /// One ticket a disk, in the order of the volume's devices.
  typealias Tickets = [DiskTicket]

  let volume: Volume<CachedDisk<M>>

  init(_ volume: Volume<CachedDisk<M>>) { self.volume = volume }

  /// Whether no connection has ended.
  var areConnected: Bool {
    for device in volume.devices where device.base.status != .connected || device.base.isDead {
      return false
    }
    return true
  }

  /// Frames that backends hold although they have answered. Those of an earlier connection stay
  /// among them.
  var heldGrantCount: Int { volume.devices.reduce(0) { $0 + $1.base.heldGrantCount } }

  /// Gives each disk its pieces of a plan.
  func submit(_ plan: ReadPlan) throws(BlockError) -> Tickets {
    var tickets: Tickets = []
    for (index, device) in volume.devices.enumerated() {
      do throws(BlockError) {
        tickets.append(try device.base.submit(plan, device: index))
      } catch {
        // The disks before this one may have begun.
        cancel(tickets)
        throw error
      }
    }
    return tickets
  }

  /// How it stands with all tickets of a plan: pending while one of them is, so that no frame is in
  /// a backend's hands when it is not.
  func state(of tickets: Tickets) -> DiskReadState {
    var result = DiskReadState.complete
    for (device, ticket) in zip(volume.devices, tickets) {
      switch device.base.state(of: ticket) {
      case .complete: break
      case .pending: return .pending
      case .failed(let error): if case .complete = result { result = .failed(error) }
      }
    }
    return result
  }

  /// The bytes of a plan's pieces that are there.
  func completedByteCount(of tickets: Tickets) -> UInt64 {
    var sum: UInt64 = 0
    for (device, ticket) in zip(volume.devices, tickets) {
      sum = Checked.sum(sum, device.base.completedByteCount(of: ticket)) ?? .max
    }
    return sum
  }

  /// Turns the rings and sleeps until the plan of `tickets` is read, and calls `goOn` whenever a
  /// backend answered. Other plans go on meanwhile, and their failures are theirs. Throws the
  /// plan's own failure, or what `goOn` threw, when none of its frames is in a backend's hands; a
  /// backend that died may hold them all the same (`settle`).
  func finish(
    _ tickets: Tickets, on machine: M, goOn: () throws(BlockError) -> Void
  ) throws(BlockError) {
    var refusal: BlockError?
    var deadline = UInt64.max
    while true {
      pump()
      switch state(of: tickets) {
      case .complete:
        if let refusal { throw refusal }
        return
      case .failed(let error):
        forget(tickets)
        throw refusal ?? error
      case .pending: break
      }
      if refusal == nil {
        do throws(BlockError) { try goOn() } catch {
          refusal = error
          cancel(tickets)
          deadline = machine.now + Self.refusalTime
        }
      } else if machine.now >= deadline {
        // The domain is to end: a backend that hangs does not hold it up for long.
        _ = settle()
        continue
      }
      let busy = volume.devices.filter { !$0.base.isDone && !$0.base.isDead }
      DiskFrontend.wait(busy.map { $0.base }, until: machine.now + Self.sleepMax)
    }
  }

  /// Gives up a plan, and waits until none of its frames is in a backend's hands.
  func drop(_ tickets: Tickets, on machine: M) {
    guard case .pending = state(of: tickets) else { return forget(tickets) }
    cancel(tickets)
    do throws(BlockError) { try finish(tickets, on: machine) {} } catch { return }
  }

  /// Whether no backend can hold a frame of a plan whose tickets are complete or have failed; waits
  /// a moment for those that answer before they let go. `heldBefore` frames were held before the
  /// plan.
  func letGo(heldBefore: Int, on machine: M) -> Bool {
    let deadline = machine.now + Self.grantTime
    while areConnected, heldGrantCount > heldBefore, machine.now < deadline {
      let ports = volume.devices.compactMap { $0.base.eventPort }
      for port in ports { machine.clearPending(port: port) }
      machine.poll(ports: ports, until: machine.now + Self.grantInterval)
      pump()
    }
    return areConnected ? heldGrantCount <= heldBefore : settle()
  }

  /// Takes answers and sends what was submitted; a dead backend's tickets tell of it.
  func pump() {
    for device in volume.devices {
      do throws(BlockError) { try device.base.pump() } catch { continue }
    }
  }

  private func cancel(_ tickets: Tickets) {
    for (device, ticket) in zip(volume.devices, tickets) { device.base.cancel(ticket) }
  }

  private func forget(_ tickets: Tickets) {
    for (device, ticket) in zip(volume.devices, tickets) { device.base.forget(ticket) }
  }

  /// Whether no backend holds a frame of a read any more; closes disks whose backend died.
  func settle() -> Bool {
    var isSettled = true
    for device in volume.devices where !device.base.settle() { isSettled = false }
    return isSettled
  }
}
