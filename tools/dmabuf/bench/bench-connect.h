/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_CONNECT_H
#define DMABUF_TOOL_BENCH_CONNECT_H

#include <dmabuf/share.h>

#include "bench-pair.h"

/*
 * The connection of the two processes of a row. connect_open() is a row's open
 * function, connect_side() belongs into prepare and partner_prepare.
 */
void connect_open(const struct bench *bench);
struct dmabuf_share *connect_side(enum bench_side side);

/* share_send() - one message, waiting for room */
void share_send(struct dmabuf_share *share, const struct dmabuf_share_msg *msg);

/* share_recv() - the next one, with exactly as many of each as @msg has room for */
void share_recv(struct dmabuf_share *share, struct dmabuf_share_msg *msg);

#endif
