// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What Linux allows for paths.
public enum PathLimits {
  /// The most symbolic links followed for one path (Linux's MAXSYMLINKS).
  public static let linkCount = 40

  /// The longest path, and the longest target of a symbolic link, in bytes (PATH_MAX).
  public static let pathByteCount = 4096

  /// The most directories within directories that a path leads through. Linux has no limit, but
  /// whoever holds a node may hold those above it too; boot files are ten deep at most.
  public static let depth = 512
}

/// Where a path leads.
public final class PathTarget<Node> {
  /// What is there.
  public let node: Node
  /// What it is.
  public let attributes: NodeAttributes
  /// The path without symbolic links, `.`, `..` and doubled slashes.
  public let path: ByteString

  /// A target that was found in a directory.
  public init(node: Node, attributes: NodeAttributes, path: ByteString) {
    self.node = node
    self.attributes = attributes
    self.path = path
  }
}

/// Finds what a path stands for, as Linux does.
public struct PathWalk<System: FileSystem> {
  private final class Step {
    let name: ByteString
    let node: System.Node
    let attributes: NodeAttributes

    init(name: ByteString, node: System.Node, attributes: NodeAttributes) {
      self.name = name
      self.node = node
      self.attributes = attributes
    }
  }

  private let system: System
  private let followsLastLink: Bool
  private var linkCount = 0
  /// The last link that was followed, what it says, and how many names come after those of that.
  private var link: (path: ByteString, target: ByteString, pendingCount: Int)?
  private let root: Step
  /// The way from the root, without the root.
  private var steps: [Step] = []
  /// The names that are still to be walked, the next one last. An empty one stands for a slash.
  private var pending: [ByteString] = []

  /// The target of `path`, which starts with a slash. Symbolic links are followed, the last one
  /// only if `followingLastLink`.
  public static func resolve(
    _ path: ByteString, in system: System, followingLastLink: Bool = true
  ) throws(FileError<System.Failure>) -> PathTarget<System.Node> {
    guard path.hasPrefix("/") else { throw .notAbsolute(path) }
    var walk = try PathWalk(system, followsLastLink: followingLastLink)
    try walk.push(path)
    // Ends: each turn takes a name, and links, of which there are at most 40, add at most 4096.
    while let name = walk.pending.popLast() { try walk.advance(name, of: path) }
    let last = walk.current
    return PathTarget(node: last.node, attributes: last.attributes, path: walk.path)
  }

  private init(
    _ system: System, followsLastLink: Bool
  ) throws(FileError<System.Failure>) {
    self.system = system
    self.followsLastLink = followsLastLink
    do {
      let node = try system.root()
      root = Step(name: "", node: node, attributes: try system.attributes(of: node))
    } catch { throw .reader(error) }
  }

  private var current: Step { steps.last ?? root }

  private var path: ByteString {
    if steps.isEmpty { return "/" }
    var result: ByteString = ""
    for step in steps { result += "/\(step.name)" }
    return result
  }

  private func path(of name: ByteString) -> ByteString {
    steps.isEmpty ? "/\(name)" : "\(path)/\(name)"
  }

  private mutating func push(_ path: ByteString) throws(FileError<System.Failure>) {
    guard path.count <= PathLimits.pathByteCount else {
      throw .pathTooLong(byteCount: path.count, limit: PathLimits.pathByteCount)
    }
    pending.append(contentsOf: path.split(on: ASCII.slash).reversed())
  }

  private mutating func advance(
    _ name: ByteString, of wholePath: ByteString
  ) throws(FileError<System.Failure>) {
    guard current.attributes.kind == .directory else { throw .notADirectory(path) }
    if name.isEmpty || name == "." { return }
    if name == ".." {
      _ = steps.popLast()  // The root's parent is the root.
      return
    }
    guard let step = try step(to: name) else {
      throw notFound(path(of: name))
    }
    guard step.attributes.kind == .symbolicLink, followsLastLink || !pending.isEmpty else {
      guard steps.count < PathLimits.depth else {
        throw .tooDeep(wholePath, limit: PathLimits.depth)
      }
      steps.append(step)
      return
    }
    try follow(step, of: wholePath)
  }

  private func step(to name: ByteString) throws(FileError<System.Failure>) -> Step? {
    do {
      guard let node = try system.lookUp(name, in: current.node) else { return nil }
      return Step(name: name, node: node, attributes: try system.attributes(of: node))
    } catch { throw .reader(error) }
  }

  private mutating func follow(
    _ link: Step, of wholePath: ByteString
  ) throws(FileError<System.Failure>) {
    linkCount += 1
    guard linkCount <= PathLimits.linkCount else {
      throw .tooManyLinks(wholePath, limit: PathLimits.linkCount)
    }
    let target: ByteString
    do { target = try system.linkTarget(of: link.node) } catch { throw .reader(error) }
    if target.isEmpty { throw .notFound(path(of: link.name)) }
    self.link = (path(of: link.name), target, pending.count)
    if target.hasPrefix("/") { steps = [] }
    try push(target)
  }

  private func notFound(_ missing: ByteString) -> FileError<System.Failure> {
    guard let link, pending.count >= link.pendingCount else { return .notFound(missing) }
    return .linkTargetNotFound(link.path, target: link.target, missing: missing)
  }
}
