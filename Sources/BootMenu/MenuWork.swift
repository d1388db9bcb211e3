// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// Pays for the work that a menu makes. Once something can't be paid nothing more is: whoever works
/// on goes to its end without doing anything, and whoever called it throws the failure.
final class MenuWork {
  private let account: WorkAccount
  /// Why the work was ended.
  private(set) var failure: WorkError?
  /// Where the present work comes from, if that is known.
  var place: MenuPlace?

  /// Work that an account pays for.
  init(_ account: WorkAccount) { self.account = account }

  /// Pays for `count` pieces of work; false if they are not to be done.
  @inline(never)
  func pay(_ kind: WorkKind, _ count: Int = 1) -> Bool {
    if failure != nil { return false }
    do throws(WorkError) { try account.charge(kind, count) } catch {
      failure = error
      return false
    }
    return true
  }

  /// Asks for the memory that a menu's text may cost; false if there is not as much.
  func require(textByteCount count: Int) -> Bool {
    if failure != nil { return false }
    let byteCount = Checked.product(count, MenuLimits.memoryPerTextByteMax) ?? .max
    do throws(WorkError) { try account.require(byteCount: byteCount) } catch {
      failure = error
      return false
    }
    return true
  }

  /// Throws if the work was ended; `place` is where it came from.
  func check(_ place: MenuPlace) throws(MenuError) {
    if let failure { throw .work(failure, place: place) }
  }
}
