/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the fields of shared structures lie, for Swift, which has no offsetof. All of it is
   computed from Xen's headers; the assertions say what the protocols promise (x86_64 ABI). */
#ifndef CXEN_LAYOUT_H
#define CXEN_LAYOUT_H

#include "public.h"

enum {
  /* xen/io/xs_wire.h, struct xenstore_domain_interface */
  XENSTORE_REQUEST_OFFSET = offsetof(struct xenstore_domain_interface, req),
  XENSTORE_RESPONSE_OFFSET = offsetof(struct xenstore_domain_interface, rsp),
  XENSTORE_REQUEST_CONSUMER_OFFSET = offsetof(struct xenstore_domain_interface, req_cons),
  XENSTORE_REQUEST_PRODUCER_OFFSET = offsetof(struct xenstore_domain_interface, req_prod),
  XENSTORE_RESPONSE_CONSUMER_OFFSET = offsetof(struct xenstore_domain_interface, rsp_cons),
  XENSTORE_RESPONSE_PRODUCER_OFFSET = offsetof(struct xenstore_domain_interface, rsp_prod),

  /* xen/io/console.h, struct xencons_interface */
  CONSOLE_INPUT_OFFSET = offsetof(struct xencons_interface, in),
  CONSOLE_INPUT_SIZE = sizeof(((struct xencons_interface *)0)->in),
  CONSOLE_OUTPUT_OFFSET = offsetof(struct xencons_interface, out),
  CONSOLE_OUTPUT_SIZE = sizeof(((struct xencons_interface *)0)->out),
  CONSOLE_INPUT_CONSUMER_OFFSET = offsetof(struct xencons_interface, in_cons),
  CONSOLE_INPUT_PRODUCER_OFFSET = offsetof(struct xencons_interface, in_prod),
  CONSOLE_OUTPUT_CONSUMER_OFFSET = offsetof(struct xencons_interface, out_cons),
  CONSOLE_OUTPUT_PRODUCER_OFFSET = offsetof(struct xencons_interface, out_prod),

  /* xen/io/fbif.h, struct xenfb_page, union xenfb_out_event, struct xenfb_update */
  XENFB_IN_CONSUMER_OFFSET = offsetof(struct xenfb_page, in_cons),
  XENFB_IN_PRODUCER_OFFSET = offsetof(struct xenfb_page, in_prod),
  XENFB_OUT_CONSUMER_OFFSET = offsetof(struct xenfb_page, out_cons),
  XENFB_OUT_PRODUCER_OFFSET = offsetof(struct xenfb_page, out_prod),
  XENFB_WIDTH_OFFSET = offsetof(struct xenfb_page, width),
  XENFB_HEIGHT_OFFSET = offsetof(struct xenfb_page, height),
  XENFB_LINE_LENGTH_OFFSET = offsetof(struct xenfb_page, line_length),
  XENFB_MEMORY_LENGTH_OFFSET = offsetof(struct xenfb_page, mem_length),
  XENFB_DEPTH_OFFSET = offsetof(struct xenfb_page, depth),
  XENFB_DIRECTORY_OFFSET = offsetof(struct xenfb_page, pd),
  XENFB_EVENT_SIZE = sizeof(union xenfb_out_event),
  XENFB_EVENTS_OFFSET = XENFB_OUT_RING_OFFS,
  XENFB_EVENT_COUNT = XENFB_OUT_RING_LEN,
  XENFB_UPDATE_X_OFFSET = offsetof(struct xenfb_update, x),
  XENFB_UPDATE_Y_OFFSET = offsetof(struct xenfb_update, y),
  XENFB_UPDATE_WIDTH_OFFSET = offsetof(struct xenfb_update, width),
  XENFB_UPDATE_HEIGHT_OFFSET = offsetof(struct xenfb_update, height),

  /* xen/io/kbdif.h, struct xenkbd_page, union xenkbd_in_event, struct xenkbd_key */
  XENKBD_IN_CONSUMER_OFFSET = offsetof(struct xenkbd_page, in_cons),
  XENKBD_IN_PRODUCER_OFFSET = offsetof(struct xenkbd_page, in_prod),
  XENKBD_EVENT_SIZE = sizeof(union xenkbd_in_event),
  XENKBD_EVENTS_OFFSET = XENKBD_IN_RING_OFFS,
  XENKBD_EVENT_COUNT = XENKBD_IN_RING_LEN,
  XENKBD_KEY_PRESSED_OFFSET = offsetof(struct xenkbd_key, pressed),
  XENKBD_KEY_CODE_OFFSET = offsetof(struct xenkbd_key, keycode),

  /* xen/grant_table.h, struct grant_entry_v1 */
  GRANT_ENTRY_SIZE = sizeof(struct grant_entry_v1),
  GRANT_FLAGS_OFFSET = offsetof(struct grant_entry_v1, flags),
  GRANT_DOMAIN_OFFSET = offsetof(struct grant_entry_v1, domid),
  GRANT_FRAME_OFFSET = offsetof(struct grant_entry_v1, frame),

  /* xen/io/ring.h, struct blkif_sring */
  BLKIF_REQUEST_PRODUCER_OFFSET = offsetof(struct blkif_sring, req_prod),
  BLKIF_REQUEST_EVENT_OFFSET = offsetof(struct blkif_sring, req_event),
  BLKIF_RESPONSE_PRODUCER_OFFSET = offsetof(struct blkif_sring, rsp_prod),
  BLKIF_RESPONSE_EVENT_OFFSET = offsetof(struct blkif_sring, rsp_event),
  BLKIF_ENTRIES_OFFSET = offsetof(struct blkif_sring, ring),
  BLKIF_ENTRY_SIZE = sizeof(union blkif_sring_entry),

  /* xen/io/blkif.h, struct blkif_request */
  BLKIF_REQUEST_OPERATION_OFFSET = offsetof(struct blkif_request, operation),
  BLKIF_REQUEST_SEGMENT_COUNT_OFFSET = offsetof(struct blkif_request, nr_segments),
  BLKIF_REQUEST_HANDLE_OFFSET = offsetof(struct blkif_request, handle),
  BLKIF_REQUEST_ID_OFFSET = offsetof(struct blkif_request, id),
  BLKIF_REQUEST_SECTOR_OFFSET = offsetof(struct blkif_request, sector_number),
  BLKIF_REQUEST_SEGMENTS_OFFSET = offsetof(struct blkif_request, seg),

  /* xen/io/blkif.h, struct blkif_request_segment */
  BLKIF_SEGMENT_SIZE = sizeof(struct blkif_request_segment),
  BLKIF_SEGMENT_GRANT_OFFSET = offsetof(struct blkif_request_segment, gref),
  BLKIF_SEGMENT_FIRST_OFFSET = offsetof(struct blkif_request_segment, first_sect),
  BLKIF_SEGMENT_LAST_OFFSET = offsetof(struct blkif_request_segment, last_sect),

  /* xen/io/blkif.h, struct blkif_request_indirect */
  BLKIF_INDIRECT_OPERATION_OFFSET = offsetof(struct blkif_request_indirect, operation),
  BLKIF_INDIRECT_REAL_OPERATION_OFFSET = offsetof(struct blkif_request_indirect, indirect_op),
  BLKIF_INDIRECT_SEGMENT_COUNT_OFFSET = offsetof(struct blkif_request_indirect, nr_segments),
  BLKIF_INDIRECT_ID_OFFSET = offsetof(struct blkif_request_indirect, id),
  BLKIF_INDIRECT_SECTOR_OFFSET = offsetof(struct blkif_request_indirect, sector_number),
  BLKIF_INDIRECT_HANDLE_OFFSET = offsetof(struct blkif_request_indirect, handle),
  BLKIF_INDIRECT_GRANTS_OFFSET = offsetof(struct blkif_request_indirect, indirect_grefs),

  /* xen/io/blkif.h, struct blkif_response */
  BLKIF_RESPONSE_ID_OFFSET = offsetof(struct blkif_response, id),
  BLKIF_RESPONSE_OPERATION_OFFSET = offsetof(struct blkif_response, operation),
  BLKIF_RESPONSE_STATUS_OFFSET = offsetof(struct blkif_response, status),
};

_Static_assert(XENSTORE_RING_SIZE == 1024, "xenstore ring size");
_Static_assert(XENSTORE_RESPONSE_OFFSET == 1024, "xenstore responses");
_Static_assert(XENSTORE_REQUEST_CONSUMER_OFFSET == 2048, "xenstore indexes");
_Static_assert(XENSTORE_RESPONSE_PRODUCER_OFFSET == 2060, "xenstore indexes");
_Static_assert(sizeof(struct xsd_sockmsg) == 16, "xenstore message header");
_Static_assert(CONSOLE_INPUT_SIZE == 1024 && CONSOLE_OUTPUT_SIZE == 2048, "console sizes");
_Static_assert(CONSOLE_INPUT_CONSUMER_OFFSET == 3072, "console indexes");
_Static_assert(CONSOLE_OUTPUT_PRODUCER_OFFSET == 3084, "console indexes");
_Static_assert(XENFB_WIDTH_OFFSET == 16 && XENFB_DIRECTORY_OFFSET == 40, "framebuffer page");
_Static_assert(XENFB_EVENT_SIZE == 40 && XENFB_EVENT_COUNT == 51, "framebuffer events");
_Static_assert(XENFB_UPDATE_X_OFFSET == 4 && XENFB_UPDATE_HEIGHT_OFFSET == 16, "update event");
_Static_assert(XENKBD_EVENT_SIZE == 40 && XENKBD_EVENT_COUNT == 51, "keyboard events");
_Static_assert(XENKBD_KEY_PRESSED_OFFSET == 1 && XENKBD_KEY_CODE_OFFSET == 4, "key event");
_Static_assert(GRANT_ENTRY_SIZE == 8 && GRANT_FRAME_OFFSET == 4, "grant entry");
_Static_assert(BLKIF_ENTRIES_OFFSET == 64 && BLKIF_ENTRY_SIZE == 112, "block ring");
_Static_assert(BLKIF_REQUEST_ID_OFFSET == 8 && BLKIF_REQUEST_SECTOR_OFFSET == 16, "block request");
_Static_assert(BLKIF_REQUEST_SEGMENTS_OFFSET == 24 && BLKIF_SEGMENT_SIZE == 8, "block segments");
_Static_assert(BLKIF_INDIRECT_ID_OFFSET == 8 && BLKIF_INDIRECT_GRANTS_OFFSET == 28, "indirect");
_Static_assert(BLKIF_RESPONSE_OPERATION_OFFSET == 8, "block response");
_Static_assert(BLKIF_RESPONSE_STATUS_OFFSET == 10, "block response");

#endif
