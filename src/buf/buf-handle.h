/* SPDX-License-Identifier: MIT */
/*
 * What buf offers to the layers below it: the last reference of a buffer whose end is up to others, and the end itself.
 */
#ifndef DMABUF_SRC_BUF_HANDLE_H
#define DMABUF_SRC_BUF_HANDLE_H

#include <dmabuf/dma-buf.h>

/**
 * struct dmabuf_handle_ops - how a buffer lives on in file descriptors, set by fd when it gave out the first
 * @put_last: the last reference inside the library is given back; drops the count to zero itself
 */
struct dmabuf_handle_ops {
	void (*put_last)(struct dma_buf *dmabuf);
};

/* Nobody is left: run the release op and free the buffer. No locks held. */
void dmabuf_buf_release(struct dma_buf *dmabuf);

#endif
