// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import FileSystem

/// What a reader says of a damaged file system.
public enum ReaderError {
  /// The error of `body`, by itself or on the way along a path; nil if there is none, or another.
  public static func of<Failure: BootFailure, Value>(
    _ failure: Failure.Type, _ body: () throws -> Value
  ) -> Failure? {
    do {
      _ = try body()
      return nil
    } catch let error as Failure {
      return error
    } catch let error as FileError<Failure> {
      if case .reader(let error) = error { return error }
      return nil
    } catch { return nil }
  }

  /// Walks to `path`, links not followed, and finds out where what it holds is.
  public static func look<System: FileSystem>(at path: ByteString, in system: System) throws {
    let target = try PathWalk.resolve(path, in: system, followingLastLink: false)
    switch target.attributes.kind {
    case .directory: _ = try system.entries(of: target.node)
    case .symbolicLink: _ = try system.linkTarget(of: target.node)
    default: _ = try system.extents(of: target.node)
    }
  }
}
