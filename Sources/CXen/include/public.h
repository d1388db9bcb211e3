/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Xen's public interface, as Debian's libxen-dev has it. */
#ifndef CXEN_PUBLIC_H
#define CXEN_PUBLIC_H

#include <stddef.h>
#include <stdint.h>

/* Names and layouts of Xen 4.3 and later; kept apart from the headers' newest on purpose, so that
   newer headers give the same image. */
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040300
#endif

#include <xen/xen.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/fbif.h>
#include <xen/io/kbdif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#endif
