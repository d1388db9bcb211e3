// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes
import FileSystem
import Testing

struct PathWalkTests {
  typealias PathError = FileError<FakeFailure>
  var system = FakeFileSystem()

  init() {
    system.nodes += [
      ("/boot", .directory), ("/boot/grub", .directory), ("/boot/vmlinuz", .file([])),
      ("/boot/grub/cfg", .link("../vmlinuz")), ("/vmlinuz", .link("boot/vmlinuz")),
      ("/b", .link("boot")), ("/abs", .link("/b/grub/cfg")), ("/empty-link", .link("")),
      ("/loop", .link("/loop")), ("/dangling", .link("boot/gone/deeper")),
      ("/slash", .link("boot/vmlinuz/")), ("/bad", .broken),
    ]
  }

  func path(_ path: ByteString) throws -> ByteString {
    try PathWalk.resolve(path, in: system).path
  }

  @Test func walksDown() throws {
    #expect(try path("/boot/vmlinuz") == "/boot/vmlinuz")
    #expect(try path("/") == "/")
    #expect(try PathWalk.resolve("/boot", in: system).attributes.kind == .directory)
    #expect(try PathWalk.resolve("/boot/vmlinuz", in: system).node == "/boot/vmlinuz")
  }

  @Test func toleratesDotsAndDoubledSlashes() throws {
    #expect(try path("//boot/.//vmlinuz") == "/boot/vmlinuz")
    #expect(try path("/boot/grub/../vmlinuz") == "/boot/vmlinuz")
    #expect(try path("/../../boot/") == "/boot")
    #expect(try path("/boot/..") == "/")
  }

  @Test func followsLinks() throws {
    #expect(try path("/vmlinuz") == "/boot/vmlinuz")
    #expect(try path("/b/grub/cfg") == "/boot/vmlinuz")
    #expect(try path("/abs") == "/boot/vmlinuz")
    #expect(try path("/b/") == "/boot")
  }

  @Test func leavesTheLastLinkIfAsked() throws {
    let target = try PathWalk.resolve("/b/grub/cfg", in: system, followingLastLink: false)
    #expect(target.path == "/boot/grub/cfg")
    #expect(target.attributes.kind == .symbolicLink)
    #expect(try PathWalk.resolve("/b/", in: system, followingLastLink: false).path == "/boot")
  }

  @Test func namesWhatIsMissing() {
    #expect(throws: PathError.notFound("/boot/gone")) { try path("/b/gone/deeper/still") }
    #expect(
      throws: PathError.linkTargetNotFound(
        "/dangling", target: "boot/gone/deeper", missing: "/boot/gone")
    ) { try path("/dangling") }
    #expect(throws: PathError.notFound("/x")) { try path("//x") }
    #expect(throws: PathError.notFound("/empty-link")) { try path("/empty-link") }
  }

  /// A kernel that is linked from a /boot that is a file system of its own.
  @Test func saysWhichLinkLeadsOutOfTheFileSystem() {
    var system = FakeFileSystem()
    let target: ByteString = "../usr/lib/modules/6.12/vmlinuz"
    system.nodes += [
      ("/vmlinuz-6.12", .link(target)), ("/vmlinuz", .link("vmlinuz-6.12")),
      ("/there", .link("vmlinuz-6.12/../x")), ("/grub", .directory), ("/g", .link("grub")),
    ]
    let error = PathError.linkTargetNotFound("/vmlinuz-6.12", target: target, missing: "/usr")
    for start in ["/vmlinuz-6.12", "/vmlinuz", "/g/../vmlinuz", "/there"] as [ByteString] {
      #expect(throws: error) { try PathWalk.resolve(start, in: system) }
    }
    #expect(
      error.message
        == "/vmlinuz-6.12: a link to \(target), but /usr is not on this file system")
    // These links lead somewhere; what is missing is not theirs.
    #expect(throws: PathError.notFound("/grub/x")) { try PathWalk.resolve("/g/x", in: system) }
  }

  @Test func aFileIsNoDirectory() {
    #expect(throws: PathError.notADirectory("/boot/vmlinuz")) { try path("/vmlinuz/x") }
    #expect(throws: PathError.notADirectory("/boot/vmlinuz")) { try path("/boot/vmlinuz/") }
    #expect(throws: PathError.notADirectory("/boot/vmlinuz")) { try path("/boot/vmlinuz/..") }
    #expect(throws: PathError.notADirectory("/boot/vmlinuz")) { try path("/slash") }
  }

  @Test func followsFortyLinksAndNoMore() throws {
    var system = system
    for number in 1...41 {
      system.nodes.append(("/l\(number)", .link(number == 1 ? "boot" : "l\(number - 1)")))
    }
    #expect(try PathWalk.resolve("/l40", in: system).path == "/boot")
    #expect(throws: PathError.tooManyLinks("/l41", limit: 40)) {
      try PathWalk.resolve("/l41", in: system)
    }
    #expect(throws: PathError.tooManyLinks("/loop", limit: 40)) { try path("/loop") }
  }

  @Test func refusesPathsThatAreTooLong() throws {
    let slashes = ByteString([UInt8](repeating: ASCII.slash, count: 4096))
    #expect(try path(slashes) == "/")
    #expect(throws: PathError.pathTooLong(byteCount: 4097, limit: 4096)) {
      try path(slashes + "/")
    }
    var system = system
    system.nodes.append(("/long", .link(slashes + "/")))
    #expect(throws: PathError.pathTooLong(byteCount: 4097, limit: 4096)) {
      try PathWalk.resolve("/long", in: system)
    }
  }

  @Test func refusesRelativePaths() {
    #expect(throws: PathError.notAbsolute("boot")) { try path("boot") }
    #expect(throws: PathError.notAbsolute("")) { try path("") }
  }

  @Test func passesTheReadersErrorsOn() {
    #expect(throws: PathError.reader(.broken)) { try path("/bad") }
  }

  @Test func aPathLeadsThroughSoManyDirectories() throws {
    var system = FakeFileSystem()
    var deepest: ByteString = ""
    for _ in 0..<PathLimits.depth + 1 {
      deepest += "/d"
      system.nodes.append((deepest, .directory))
    }
    let good = ByteString(deepest.bytes.dropLast(2))
    #expect(try PathWalk.resolve(good, in: system).path == good)
    #expect(throws: PathError.tooDeep(deepest, limit: PathLimits.depth)) {
      try PathWalk.resolve(deepest, in: system)
    }
    // Up and down is not deep.
    var zigzag: ByteString = "/d"
    for _ in 0..<600 { zigzag += "/../d" }
    #expect(try PathWalk.resolve(zigzag, in: system).path == "/d")
  }
}
