/* SPDX-License-Identifier: MIT */
/*
 * A second process for a test. It is forked before there is any thread, does what it is asked, one function at a time,
 * and has its own end of a connection to the test. Functions are asked for by address: both run the same image.
 *
 * Functions named far_... run in the puppet; they answer with a number, negative errnos included.
 */
#ifndef TESTS_SHARE_PUPPET_H
#define TESTS_SHARE_PUPPET_H

#include <dmabuf/share.h>

#include "test.h"

typedef long (*far_fn)(long a, long b);

struct puppet {
	pid_t pid;
	int control;
	struct dmabuf_share *share;	/* this side of the connection, NULL if there is none */
	int fds_there, fds_here;	/* open files before the connection */
};

/* --- life --- */

/* Fork @num puppets, let every process make the files it keeps for good, count, and connect. */
void puppets_start(struct puppet *puppets, unsigned int num);
/* Close both ends and compare the open files on both sides. The test has given back all else that it got. */
void puppets_end(struct puppet *puppets, unsigned int num);
#define puppet_start(p) puppets_start(p, 1)
#define puppet_end(p) puppets_end(p, 1)
/* SIGKILL, and wait until it is gone. puppet_end() then looks at this side only. */
void puppet_kill(struct puppet *p);

/* A connection more, or the first one after share was closed. far_share() is the newest on the other side. */
struct dmabuf_share *puppet_connect(struct puppet *p);
/* Hands the puppet a socket of the test's own as far_sock. */
void puppet_give_socket(struct puppet *p, int sock);

/* --- asking --- */

/* Start @fn there and come back. */
void tell(struct puppet *p, far_fn fn, long a, long b);
/* What it returned; the test fails if it takes long. */
long answer(struct puppet *p);
#define ask(p, fn, a, b) (tell(p, fn, a, b), answer(p))
#define ask_ok(p, fn, a, b) ck_assert_int_eq(ask(p, fn, a, b), 0)

/* --- there --- */

#define FAR_TIMELINES 16
extern struct dmabuf_timeline *far_timelines[FAR_TIMELINES];
extern struct dma_fence *far_last[FAR_TIMELINES];	/* newest fence, signalling enabled */
extern struct dma_buf *far_buf;
extern struct dma_fence *far_got;
extern int far_sock;
struct dmabuf_share *far_share(void);

long far_nothing(long a, long b);
long far_create(long t, long unused);
long far_issue(long t, long unused);		/* the next fence, kept; its seqno */
long far_send_last(long t, long unused);	/* pass the newest fence */
long far_pass(long t, long unused);		/* both; its seqno */
long far_advance(long t, long seqno);
long far_advance_soon(long t, long seqno);	/* in 30 ms */
long far_fail(long t, long error);
long far_destroy(long t, long unused);
long far_forget(long t, long unused);		/* the kept fence */
long far_close(long unused, long unused2);	/* the newest connection */
long far_fds(long unused, long unused2);

/* The buffer kept there: made, received, sent. */
long far_buf_alloc(long size, long flags);
long far_buf_receive(long unused, long unused2);
long far_buf_send(long unused, long unused2);
long far_buf_put(long unused, long unused2);
/* Store, or compare, a 64-bit number at a byte offset of it. */
long far_buf_poke(long offset, long value);
long far_buf_peek(long offset, long unused);

/* The fence kept there, received from the test. */
long far_fence_receive(long unused, long unused2);
long far_fence_status(long unused, long unused2);
long far_fence_wait(long timeout, long unused);
long far_fence_put(long unused, long unused2);

/* --- here --- */

int share_receive(struct dmabuf_share *share, struct dma_buf **buf, struct dma_fence **fence, signed long timeout);
struct dma_fence *receive_fence(struct puppet *p);
struct dma_buf *receive_buf(struct puppet *p);
/* A new fence of the puppet's timeline @t, passed to the test. */
struct dma_fence *next_fence(struct puppet *p, long t);
int send_fence(struct dmabuf_share *share, struct dma_fence *fence);
int send_buf(struct dmabuf_share *share, struct dma_buf *buf);

/* Map, store or load, unmap. */
int buf_poke(struct dma_buf *buf, size_t offset, uint64_t value);
uint64_t buf_peek(struct dma_buf *buf, size_t offset);

/* Give a fence back once the test is done with it. */
#define put_fences(...) \
	do { \
		struct dma_fence *put_[] = { __VA_ARGS__ }; \
		for (size_t put_i_ = 0; put_i_ < sizeof(put_) / sizeof(put_[0]); put_i_++) \
			dma_fence_put(put_[put_i_]); \
	} while (0)

#endif
