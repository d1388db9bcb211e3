// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation

/// The images that are compared: what is in them, their size, and mkfs.xfs's options.
enum ImageMatrix {
  /// All of them with `IMAGES=all` in the environment, else those that differ most.
  static var chosen: [[String]] {
    let isComplete = ProcessInfo.processInfo.environment["IMAGES"] == "all"
    return isComplete ? all : all.enumerated().filter { often.contains($0.offset) }.map { $1 }
  }

  private static let often: Set<Int> = [0, 1, 3, 5, 8, 13, 14, 17]

  static let all: [[String]] = [
    // Version 5.
    "tree 24M",
    "many-1500 32M -b size=1024 -m rmapbt=1,inobtcount=1",
    "tree 32M -b size=2048 -i size=512 -l su=4096",
    "tree 256M -b size=65536 -n size=65536",
    "tree 24M -s size=4096",
    "tree 32M -i nrext64=1,size=1024",
    "many-2000 32M -b size=1024 -n size=16384",
    "tree 24M -m bigtime=0,finobt=0,reflink=0,inobtcount=0 -i sparse=0",
    "tree 24M -n version=ci",
    "many-1500 24M -n size=65536",
    "tree 24M -i size=2048 -l su=32768",
    // Version 4.
    "tree 24M -m crc=0",
    "tree 24M -m crc=0 -n ftype=1",
    "tree 24M -m crc=0 -n ftype=0 -i size=256,attr=1,projid32bit=0",
    "many-1200 32M -m crc=0 -b size=512 -i size=256 -n size=4096,ftype=0",
    "tree 24M -m crc=0 -n version=ci,ftype=0",
    "tree 64M -m crc=0 -b size=16384 -s size=2048",
    "pieces-200 320M -m crc=0 -i size=256 -d agsize=16m -l size=5m",
    "tree 24M -m crc=0 -b size=2048 -l version=1,lazy-count=0 -i size=1024",
    "many-2000 32M -m crc=0 -n size=32768 -b size=512",
    // Several groups, and directories with more leaves.
    "tree 100M -d agcount=6",
    "many-9000 64M -b size=1024",
    "many-5000 32M -b size=1024 -m rmapbt=1 -i nrext64=1",
    "many-5000 64M -m crc=0 -b size=1024 -i size=256",
  ].map { $0.split(separator: " ").map { String($0) } }
}
