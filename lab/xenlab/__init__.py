# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: real Xen, a real dom0 with xl, and real guests, in one QEMU."""
