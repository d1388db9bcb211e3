// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// A name of a file in an ISO 9660 file system: its directory record, and those that go on with it
/// if it has more than one extent.
public final class ISO9660Node: Sendable {
  let record: DirectoryRecord
  let moreRecords: [DirectoryRecord]

  init(_ record: DirectoryRecord, moreRecords: [DirectoryRecord] = []) {
    self.record = record
    self.moreRecords = moreRecords
  }

  /// The records of a file; never empty.
  convenience init?(_ records: [DirectoryRecord]) {
    guard let first = records.first else { return nil }
    self.init(first, moreRecords: Array(records.dropFirst()))
  }
}
