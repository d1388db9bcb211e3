// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The images on which our reader and libext2fs must agree: features in each block size.
enum ImageMatrix {
  /// What `ext4-matrix.sh` is given: shape, size, options of mke2fs.
  typealias Row = [String]

  /// All of them. Tests take a few unless `IMAGES=all` is in the environment.
  static let all: [Row] = features + shapes + directories

  /// Every feature that changes what is on the disk, in blocks of 1, 2, 4 and 64 KiB.
  private static let features: [Row] = [1024, 2048, 4096, 65536].flatMap { size in
    options(size).map {
      ["tree", size == 65536 ? "80M" : "40M", "-b", "\(size)", "-N", "512"] + $0
    }
  }

  private static func options(_ size: Int) -> [Row] {
    func ext4(_ features: String, _ more: String...) -> Row {
      ["-t", "ext4", "-O", features] + more
    }
    return [
      ["-t", "ext2"],
      ["-t", "ext2", "-O", "none"],
      ["-t", "ext3"],
      ext4("64bit,metadata_csum"),
      ext4("^64bit,metadata_csum"),
      ext4("64bit,^metadata_csum,uninit_bg", "-I", "128"),
      ext4("^64bit,^metadata_csum,^uninit_bg,^flex_bg"),
      ext4("^extent,^64bit"),
      ext4("meta_bg,^resize_inode,metadata_csum_seed"),
      ext4("inline_data", "-I", "512"),
      ext4("bigalloc", "-C", "\(4 * size)"),
      ext4("bigalloc,inline_data,^metadata_csum", "-C", "\(16 * size)", "-I", "1024"),
      ext4("sparse_super2,large_dir,ea_inode,encrypt,verity,stable_inodes,project,quota"),
      ext4("mmp,fast_commit,orphan_file,^sparse_super,^resize_inode,^dir_index"),
      ext4("^filetype,^has_journal,^resize_inode"),
    ]
  }

  /// Shapes of trees and files.
  private static let shapes: [Row] = [1024, 2048, 4096, 65536].flatMap { size in
    ["deep", "links", "pieces"].flatMap { shape in
      let blockMaps: [Row] = size < 65536 && shape == "pieces" ? [["-t", "ext3"]] : []
      return ([["-t", "ext4"]] + blockMaps).map {
        [shape, size == 65536 ? "256M" : "24M", "-b", "\(size)", "-N", "512"] + $0
      }
    }
  }

  /// Large directories, indexed by each hash.
  private static let directories: [Row] = [
    ["many-50000", "96M", "-b", "1024", "-N", "51000", "-t", "ext4", "-O", "large_dir"],
    ["many-50000", "96M", "-b", "4096", "-N", "51000", "-t", "ext4"],
    ["many-20000", "64M", "-b", "2048", "-N", "21000", "-t", "ext3"],
    ["many-20000", "160M", "-b", "65536", "-N", "21000", "-t", "ext4"],
    ["many-3000", "32M", "-b", "1024", "-N", "4000", "-t", "ext4", "-O", "^metadata_csum"],
  ]

  /// The rows for this run: without `IMAGES=all`, one in nine of the quick ones.
  static let chosen: [Row] =
    ProcessInfo.processInfo.environment["IMAGES"] == "all"
    ? all
    : all.enumerated().filter { $0.offset % 9 == 4 && !$0.element[0].hasSuffix("0000") }
      .map { $0.element }
}
