/* SPDX-License-Identifier: MIT */
/* A flag bit of the library's own, above the bits of the kernel and far from those of implementers. */
#ifndef DMABUF_SRC_FENCE_FLAGS_H
#define DMABUF_SRC_FENCE_FLAGS_H

/*
 * The wait op observes the work by itself, so that a wait need not turn signalling on. Set by share for fences of other
 * processes: it saves both sides a second wake-up. Set before the fence is published, never changed.
 */
#define DMABUF_FENCE_FLAG_SELF_WAIT_BIT 63

#endif
