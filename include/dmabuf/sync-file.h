/* SPDX-License-Identifier: MIT */
/**
 * DOC: Sync files
 *
 * A sync_file is one fence behind a file descriptor: explicit fencing between programs. The fd is the read end of a pipe;
 * poll and epoll show POLLIN (and POLLHUP) once the fence has signalled, also in a program that knows nothing of this
 * library. That is a hint; the truth is the fence, see sync_file_get_fence().
 */
#ifndef DMABUF_SYNC_FILE_H
#define DMABUF_SYNC_FILE_H

#include <dmabuf/dma-fence.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sync_file;

/**
 * sync_file_create() - wrap a fence
 * @fence: fence
 *
 * The fence inside never changes. Its signalling is turned on here, since a poll of the fd cannot do it.
 *
 * Context: Sleeps, allocates.
 * Locks: takes the fence's lock.
 * Owns: takes its own reference of @fence. The caller owns the sync_file until dmabuf_sync_file_install().
 * Units: none.
 * Across: one process until an fd is passed on.
 * Return: the sync_file, or NULL: out of memory or file descriptors.
 * Source: Linux 6.12 drivers/dma-buf/sync_file.c; differs: signalling is turned on at once, not by the first poll.
 */
DMABUF_API struct sync_file *sync_file_create(struct dma_fence *fence);

/**
 * dmabuf_sync_file_install() - turn a sync_file into a file descriptor
 * @sync_file: from sync_file_create()
 *
 * Always close-on-exec.
 *
 * Context: Any.
 * Locks: none.
 * Owns: moves the sync_file into the fd: closing its last copy, in any process, ends it.
 * Units: none.
 * Across: the fd may be passed to any process and polled there.
 * Return: the fd; never fails.
 * Source: ours; stands for fd_install(fd, sync_file->file).
 */
DMABUF_API int dmabuf_sync_file_install(struct sync_file *sync_file);

/**
 * sync_file_get_fence() - the fence behind a sync_file fd
 * @fd: any file descriptor
 *
 * Context: Any.
 * Locks: takes the table of sync files.
 * Owns: the caller gains a reference of the fence.
 * Units: none.
 * Across: knows the sync files made in this process.
 * Return: the fence, or NULL: not a sync_file known here.
 * Source: Linux 6.12 drivers/dma-buf/sync_file.c; differs: see Across.
 */
DMABUF_API struct dma_fence *sync_file_get_fence(int fd);

#ifdef __cplusplus
}
#endif

#endif
