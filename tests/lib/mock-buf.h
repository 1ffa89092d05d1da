/* SPDX-License-Identifier: MIT */
/* An exporter of the tests: no memory, but a diary of what the library asked of it, and answers on demand. */
#ifndef TESTS_MOCK_BUF_H
#define TESTS_MOCK_BUF_H

#include <dmabuf/dma-buf.h>

struct mock_buf {
	struct dma_buf *dmabuf;
	char diary[512]; /* "attach map unmap detach release" */
	const char *
		wrong_lock; /* an op that ran with, or without, the reservation lock against the rules */
	unsigned int released;
	/* answers */
	int attach_error, pin_error, map_error, begin_error, end_error, mmap_error;
	bool map_gives_null;
	/* what was seen */
	enum dma_data_direction dir;
	struct dmabuf_vma vma;
	unsigned int tables; /* handed out and not back */
	uint64_t dma_address; /* of the next table */
	struct dma_fence *watched; /* the release op notes its references */
	unsigned int watched_refs;
};

extern const struct dma_buf_ops mock_buf_min_ops; /* map, unmap, release */
extern const struct dma_buf_ops mock_buf_ops; /* all but pin and unpin */
extern const struct dma_buf_ops mock_buf_cache_ops; /* as that, caching */
extern const struct dma_buf_ops mock_buf_pin_ops; /* as that, with pin and unpin */

/* Clears @mock and exports; the test fails if the library does not agree. The reference is the caller's. */
void mock_buf_export(struct mock_buf *mock, const struct dma_buf_ops *ops, size_t size);
void mock_buf_export_with(struct mock_buf *mock, const struct dma_buf_ops *ops, size_t size,
			  int flags, struct dma_resv *resv);

/* The diary reads like this, and every op saw the lock as it should be. Starts a new page. */
#define expect_diary(mock, text) expect_diary_at(mock, text, __FILE__, __LINE__)
void expect_diary_at(struct mock_buf *mock, const char *text, const char *file, int line);

struct sg_table *map_unlocked(struct dma_buf_attachment *attach, enum dma_data_direction dir);
void unmap_unlocked(struct dma_buf_attachment *attach, struct sg_table *sgt,
		    enum dma_data_direction dir);

/* Counts the releases of any buffer, a heap's for example, besides letting them happen. One buffer per process. */
void watch_release(struct dma_buf *dmabuf);
unsigned int watched_releases(void);

#endif
