/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_POOL_H
#define DMABUF_TOOL_DEMO_POOL_H

#include <dmabuf/dma-heap.h>

#include "demo-stage.h"

/*
 * The last page of every buffer says which frame is in it. A writer sets
 * @begin before it touches the frame and @end when it is done, so that a
 * reader who comes too early, too late or in between finds out.
 */
struct demo_trailer {
	uint64_t magic;
	uint64_t begin;		/* frame number */
	uint64_t end;		/* frame number */
	uint32_t stage;		/* enum demo_stage of the writer */
	uint32_t index;		/* of the buffer in its pool */
};

/* Buffers of one size that go round. */
struct pool {
	unsigned int count;
	size_t frame_size;	/* bytes of pixels */
	size_t trailer_offset;	/* bytes; a whole page from there */
	size_t size;		/* bytes of each buffer */
	struct dma_buf *buf[DEMO_BUFFERS_MAX];
	uint8_t *map[DEMO_BUFFERS_MAX];	/* NULL: not mapped here */
};

/* pool_init() - an empty pool for frames of this format */
void pool_init(struct pool *pool, const struct media_format *format);

/**
 * pool_alloc() - allocate buffers
 * @stage: for the report of a failure
 * @pool: an empty pool
 * @count: how many
 *
 * Owns: the pool holds them, until pool_fini().
 * Return: 0, or a negative errno that has been reported.
 */
int pool_alloc(struct stage *stage, struct pool *pool, unsigned int count);

/**
 * pool_receive() - take the pool of another stage over
 * @stage: stage
 * @peer: whose it is
 * @ret_message: the message it came with
 * @pool: filled in
 *
 * Return: 0, or a negative errno that has been reported.
 */
int pool_receive(struct stage *stage, struct peer *peer, struct demo_message *ret_message,
		 struct pool *pool);

/**
 * pool_map() - let the CPU at all buffers
 * @stage: for the report of a failure
 * @pool: pool
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: 0, or a negative errno that has been reported.
 */
int pool_map(struct stage *stage, struct pool *pool, int prot);

/* pool_fini() - unmap and give back every buffer */
void pool_fini(struct pool *pool);

/* pool_trailer() - the trailer of a mapped buffer */
struct demo_trailer *pool_trailer(const struct pool *pool, unsigned int index);

/**
 * pool_add_fence() - record a fence with a buffer
 * @stage: for the report of a failure
 * @buf: buffer
 * @fence: fence; the buffer takes its own reference
 * @usage: what the work behind it does to the buffer
 *
 * Return: 0, or a negative errno that has been reported.
 */
int pool_add_fence(struct stage *stage, struct dma_buf *buf, struct dma_fence *fence,
		   enum dma_resv_usage usage);

/* trailer_begin() - a writer starts on this frame */
void trailer_begin(struct demo_trailer *trailer, enum demo_stage stage, unsigned int index,
		   uint64_t frame);

/* trailer_end() - the frame is whole */
void trailer_end(struct demo_trailer *trailer, uint64_t frame);

/**
 * trailer_check() - is this frame, whole and no other, in the buffer?
 * @stage: for the report of a failure
 * @trailer: of the buffer
 * @writer: who wrote it
 * @index: which buffer it should be
 * @frame: which frame it should be
 *
 * Called before and after reading: whoever overwrites it meanwhile is seen.
 *
 * Return: 0, or -EBADMSG, reported.
 */
int trailer_check(struct stage *stage, const struct demo_trailer *trailer, enum demo_stage writer,
		  unsigned int index, uint64_t frame);

#endif
