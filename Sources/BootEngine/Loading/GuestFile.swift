// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import XenFrontends

/// A disk with its cache for metadata.
typealias CachedDisk<M: Hypervisor> = CachedDevice<DiskFrontend<M>>

/// A file of the guest whose place on its disk is known.
typealias GuestFile<M: Hypervisor> = LocatedFile<CachedDisk<M>>

/// The files of an entry, on such disks.
typealias GuestBootFiles<M: Hypervisor> = BootFiles<CachedDisk<M>>
