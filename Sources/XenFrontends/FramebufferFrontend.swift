// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import CXen

/// A rectangle of pixels.
public struct PixelRectangle: Equatable, Sendable {
  /// The left edge and the upper edge.
  public var x, y: Int
  /// The size.
  public var width, height: Int

  /// The rectangle.
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The smallest rectangle around both.
  public func union(_ other: PixelRectangle) -> PixelRectangle {
    let (left, top) = (min(x, other.x), min(y, other.y))
    return PixelRectangle(
      x: left, y: top, width: max(x + width, other.x + other.width) - left,
      height: max(y + height, other.y + other.height) - top)
  }
}

/// The paravirtual framebuffer (`xen/io/fbif.h`): 32-bit pixels in our memory, which the backend
/// maps by frame numbers: machine frames in a PV domain, guest frames in a PVH domain.
public final class FramebufferFrontend<H: Hypervisor> {
  /// Sizes to choose from, in pixels. The last fits into 1 MiB, the smallest `videoram`.
  private static var sizes: [(width: Int, height: Int)] { [(800, 600), (640, 480), (640, 400)] }
  private static var pixelByteCount: Int { 4 }
  private static var entriesAPage: Int { 4096 / 8 }

  private let device: XenbusDevice<H>
  /// The pixels, row by row from the top, while connected.
  private var memory: SharedMemory?
  /// The page with the description and the rings, while connected.
  private var page: SharedMemory?
  /// Whether the backend wants to be told what changed; otherwise it polls.
  private var wantsUpdates = false
  private var pending: PixelRectangle?

  /// The width in pixels; 0 while not connected.
  public private(set) var width = 0
  /// The height in pixels; 0 while not connected.
  public private(set) var height = 0

  /// The domain's framebuffer; nil if it has none.
  public init?(
    store: XenStore<H>, grants: GrantTable<H>, hypervisor: H
  ) throws(XenStoreError) {
    guard let address = try XenbusAddress(kind: "vfb", number: 0, store: store) else {
      return nil
    }
    device = XenbusDevice(
      address, name: "vfb", ownNodes: ["feature-update"], offersEarly: true,
      store: store, grants: grants, hypervisor: hypervisor)
    device.stepTimeLimit = PageDeviceLimit.stepTime
  }

  /// Sets the pixel in column `x` and row `y`, both from 0, to 0x00RRGGBB. Does nothing outside of
  /// the picture or while not connected.
  public func setPixel(x: Int, y: Int, to colour: UInt32) {
    guard let memory, x >= 0, x < width, y >= 0, y < height else { return }
    memory.store(u32: colour, at: (y * width + x) * Self.pixelByteCount)
  }

  /// Connects, in at most `PageDeviceLimit.stepTime`, with black pixels.
  public func connect() throws(XenbusError) {
    var size = (width: 0, height: 0)
    var shared: (pixels: SharedMemory, page: SharedMemory)?
    try device.connect(
      until: device.hypervisor.now + PageDeviceLimit.stepTime,
      offer: { () throws(XenbusError) in
        size = try chooseSize()
        let pixels = try device.sharePages(Self.pageCount(size.width, size.height))
        let page = try share(pixels.frames, size.width, size.height)
        shared = (pixels.memory, page.memory)
        let port = try device.openPort()
        return [
          XenbusNode("page-ref", "\(page.frame)"), XenbusNode("event-channel", "\(port)"),
          XenbusNode("protocol", "x86_64-abi"), XenbusNode("feature-update", "1"),
        ]
      },
      confirm: { () throws(XenbusError) in
        wantsUpdates = try device.backendNumber("request-update", default: 0) == 1
      })
    guard let shared else { return }
    (width, height) = size
    memory = shared.pixels
    page = shared.page
  }

  /// Closes, in at most `PageDeviceLimit.stepTime`, so that the next kernel can connect, and gives
  /// the memory back, unless the backend may still have it mapped.
  public func close() throws(XenbusError) {
    (width, height) = (0, 0)
    memory = nil
    page = nil
    pending = nil
    try device.close(until: device.hypervisor.now + PageDeviceLimit.stepTime)
  }

  /// Tells the backend that the pixels of `rectangle` changed; never waits. If the ring is full,
  /// the next call tells it.
  public func update(_ rectangle: PixelRectangle) {
    guard let memory = page, let port = device.port else { return }
    // Incoming events (refresh periods, and whatever a backend may invent) don't matter to us.
    memory.store(
      u32: memory.u32(at: XENFB_IN_PRODUCER_OFFSET), at: XENFB_IN_CONSUMER_OFFSET)
    guard wantsUpdates else { return }
    let area = pending.map { rectangle.union($0) } ?? rectangle
    let producer = memory.u32(at: XENFB_OUT_PRODUCER_OFFSET)
    // Wrapping: the indexes run freely modulo 2^32. Impossible ones look like a full ring.
    guard producer &- memory.u32(at: XENFB_OUT_CONSUMER_OFFSET) < UInt32(XENFB_EVENT_COUNT) else {
      pending = area
      return
    }
    pending = nil
    let place = Int(producer % UInt32(XENFB_EVENT_COUNT)) * XENFB_EVENT_SIZE
    let event = memory.slice(at: Int(XENFB_EVENTS_OFFSET) + place, count: XENFB_EVENT_SIZE)
    event.store(u8: UInt8(XENFB_TYPE_UPDATE), at: 0)
    event.store(u32: UInt32(clamping: area.x), at: XENFB_UPDATE_X_OFFSET)
    event.store(u32: UInt32(clamping: area.y), at: XENFB_UPDATE_Y_OFFSET)
    event.store(u32: UInt32(clamping: area.width), at: XENFB_UPDATE_WIDTH_OFFSET)
    event.store(u32: UInt32(clamping: area.height), at: XENFB_UPDATE_HEIGHT_OFFSET)
    memory.store(u32: producer &+ 1, at: XENFB_OUT_PRODUCER_OFFSET)
    device.hypervisor.send(port: port)
  }

  /// Whether a picture of this size fits into `limit` MiB; 0 is no limit.
  private static func fits(_ width: Int, _ height: Int, _ limit: UInt64) -> Bool {
    limit == 0 || UInt64(width * height * pixelByteCount) <= min(limit, 1024) << 20
  }

  private static func pageCount(_ width: Int, _ height: Int) -> Int {
    (width * height * pixelByteCount + 4095) / 4096
  }

  /// The largest size that fits into the backend's `videoram`.
  private func chooseSize() throws(XenbusError) -> (width: Int, height: Int) {
    let limit = try device.backendNumber("videoram", default: 0)
    guard let size = Self.sizes.first(where: { Self.fits($0.width, $0.height, limit) }) else {
      throw .badNode(device: device.name, node: "videoram", value: "\(limit)")
    }
    return size
  }

  /// Makes the directory of the pixels' frames, and the page that describes it.
  private func share(
    _ pixels: [UInt64], _ width: Int, _ height: Int
  ) throws(XenbusError) -> (memory: SharedMemory, frame: UInt64) {
    let directory = try device.sharePages(
      (pixels.count + Self.entriesAPage - 1) / Self.entriesAPage)
    for (index, frame) in pixels.enumerated() {
      directory.memory.store(u64: frame, at: index * 8)
    }
    let page = try device.sharePages(1)
    Self.describe(page.memory, width, height, directory.frames)
    return (page.memory, page.frames[0])
  }

  private static func describe(
    _ page: SharedMemory, _ width: Int, _ height: Int, _ directory: [UInt64]
  ) {
    let byteCount = width * height * pixelByteCount
    page.store(u32: UInt32(width), at: XENFB_WIDTH_OFFSET)
    page.store(u32: UInt32(height), at: XENFB_HEIGHT_OFFSET)
    page.store(u32: UInt32(width * pixelByteCount), at: XENFB_LINE_LENGTH_OFFSET)
    page.store(u32: UInt32(byteCount), at: XENFB_MEMORY_LENGTH_OFFSET)
    page.store(u8: UInt8(pixelByteCount * 8), at: XENFB_DEPTH_OFFSET)
    for (index, frame) in directory.enumerated() {
      page.store(u64: frame, at: XENFB_DIRECTORY_OFFSET + index * 8)
    }
  }
}
