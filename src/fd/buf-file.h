/* SPDX-License-Identifier: MIT */
/* Buffers by the identity of their file, for share. */
#ifndef DMABUF_SRC_FD_BUF_FILE_H
#define DMABUF_SRC_FD_BUF_FILE_H

#include <dmabuf/dma-buf.h>

/*
 * The buffer of this process for a memory file that came from another one; made if there is none yet. Takes @fd in
 * every case. Error pointers: -EINVAL not a file that can be used, -ENOMEM, -EMFILE.
 */
struct dma_buf *dmabuf_buf_import(int fd, size_t size);

#endif
