/* SPDX-License-Identifier: MIT */
/* What ww-mutex.c and ww-acquire.c know of each other. */
#ifndef DMABUF_SRC_RESV_WW_INTERNAL_H
#define DMABUF_SRC_RESV_WW_INTERNAL_H

#include <dmabuf/ww-mutex.h>

/* Warn if @ctx must not take @lock now; and if it must not take it by ww_mutex_lock_slow(). */
void dmabuf_ww_check_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
void dmabuf_ww_check_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/* Should this lock fail on purpose? Counts down if it is asked for. */
bool dmabuf_ww_is_injected(struct ww_acquire_ctx *ctx);

#endif
