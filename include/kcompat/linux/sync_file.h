/* SPDX-License-Identifier: MIT */
/* Both headers of this name: the one for programs, and the one for drivers. */
#ifndef KCOMPAT_LINUX_SYNC_FILE_H
#define KCOMPAT_LINUX_SYNC_FILE_H

#include_next <linux/sync_file.h>
/* Installed headers lose the _UAPI of their guards; this one then keeps drivers/dma-buf/sync_debug.h out. */
#undef _LINUX_SYNC_H

#include <linux/dma-fence.h>
#include <linux/file.h>

#include <dmabuf/sync-file.h>

/*
 * The library's sync_file has no members to look at, and drivers hand sync_file->file to fd_install() or fput(). So the
 * word means this here, a library's sync_file with a file around it.
 */
struct kcompat_sync_file {
	struct file *file;
	/* private: */
	struct sync_file *native;
};
#define sync_file kcompat_sync_file

struct sync_file *__kcompat_sync_file_create(struct dma_fence *fence) KCOMPAT_API(sync_file_create);
#define sync_file_create(fence) __kcompat_sync_file_create(fence)

#endif
