/* SPDX-License-Identifier: MIT */
/*
 * Layer: fd. File descriptors of buffers: handing one out, finding the buffer behind one, and a buffer's end.
 *
 * Called by: programs (dma_buf_fd, dma_buf_get), share for buffers that came from another process.
 *
 * A buffer is found by the inode of its file, never by an fd's number. While the library holds references of it, its file
 * is open here; when the last is given back and an fd was handed out, the file is closed here, the buffer goes dormant,
 * and the watch on the inode tells when nobody anywhere holds it any more.
 *
 * Invariant: the last reference of a buffer in the table is dropped, and a dormant one revived, under files_lock.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/memory.h"
#include "src/base/mutex.h"
#include "src/base/task.h"
#include "src/buf/buf-handle.h"
#include "src/fd/buf-file.h"
#include "src/fd/watch.h"
#include "src/heap/memory-buf.h"

/* What the table knows about a buffer. */
struct buf_file {
	struct table_node node;		/* by inode number */
	struct fd_watch watch;		/* in use once an fd was handed out */
	struct file_id id;
	struct dma_buf *dmabuf;
};

static struct base_mutex files_lock = BASE_MUTEX_INIT;
static struct base_table files;

static void forget_lock_after_fork(void)
{
	files_lock = (struct base_mutex)BASE_MUTEX_INIT;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_lock_after_fork);
}

/* files_lock held: drop one reference, the last one too. Returns the count. */
static uint32_t drop_locked(struct dma_buf *dmabuf)
{
	return __atomic_sub_fetch(&dmabuf->count.count, 1, __ATOMIC_ACQ_REL);
}

/* files_lock held: the library is done with the file. */
static void go_dormant(struct dma_buf *dmabuf)
{
	close(dmabuf->file->fd);
	dmabuf->file->fd = -1;
}

/* An fd is out there: its holders decide. */
static void put_last_installed(struct dma_buf *dmabuf)
{
	dmabuf_base_mutex_lock(&files_lock);
	if (!drop_locked(dmabuf))
		go_dormant(dmabuf);
	dmabuf_base_mutex_unlock(&files_lock);
}

static const struct dmabuf_handle_ops installed_ops = { .put_last = put_last_installed };

/* A buffer that came from another process and was not handed on: it ends here. */
static void put_last_imported(struct dma_buf *dmabuf)
{
	struct buf_file *file = dmabuf->handle_state;
	bool last;

	dmabuf_base_mutex_lock(&files_lock);
	last = !drop_locked(dmabuf);
	if (last)
		dmabuf_base_table_remove(&files, &file->node);
	dmabuf_base_mutex_unlock(&files_lock);
	if (last) {
		dmabuf_buf_release(dmabuf);
		dmabuf_base_free(file);
	}
}

static const struct dmabuf_handle_ops imported_ops = { .put_last = put_last_imported };

/* The inode is gone: nobody can hold or find the buffer any more. */
static bool file_gone(struct fd_watch *watch)
{
	struct buf_file *file = base_container(watch, struct buf_file, watch);
	struct dma_buf *dmabuf = file->dmabuf;

	dmabuf_base_mutex_lock(&files_lock);
	dmabuf_base_table_remove(&files, &file->node);
	dmabuf_base_mutex_unlock(&files_lock);
	dmabuf_watch_remove(watch);
	dmabuf_buf_release(dmabuf);
	dmabuf_base_free(file);
	return true;
}

/* files_lock held: put the buffer into the table. */
static int add_to_table(struct dma_buf *dmabuf, const struct dmabuf_handle_ops *ops)
{
	struct buf_file *file = dmabuf_base_alloc(sizeof(*file));
	int ret = file ? dmabuf_base_table_reserve(&files) : -ENOMEM;

	if (ret < 0) {
		dmabuf_base_free(file);
		return ret;
	}
	file->id = dmabuf->file->id;
	file->dmabuf = dmabuf;
	file->watch.ended = file_gone;
	dmabuf_base_table_add(&files, &file->node, file->id.ino);
	dmabuf->handle_state = file;
	dmabuf->handle_ops = ops;
	return 0;
}

/* files_lock held: from now on the holders of fds decide. Undone completely on failure. */
static int make_installed(struct dma_buf *dmabuf)
{
	bool is_new = !dmabuf->handle_ops;
	struct buf_file *file;
	int ret;

	if (dmabuf->handle_ops == &installed_ops)
		return 0;
	ret = is_new ? add_to_table(dmabuf, &installed_ops) : 0;
	if (ret < 0)
		return ret;
	file = dmabuf->handle_state;
	ret = dmabuf_watch_add(&file->watch, dmabuf->file->fd, WATCH_FILE_GONE);
	if (ret < 0 && is_new) {
		dmabuf_base_table_remove(&files, &file->node);
		dmabuf_base_free(file);
		dmabuf->handle_state = NULL;
		dmabuf->handle_ops = NULL;
	}
	if (ret < 0)
		return ret;
	dmabuf->handle_ops = &installed_ops;
	return 0;
}

/* Another fd for the same file, close-on-exec, with an access mode of its own. */
static int open_again(int fd, int mode)
{
	char path[32];
	int ret;

	if (mode == (fcntl(fd, F_GETFL) & O_ACCMODE)) {
		ret = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ret = open(path, mode | O_CLOEXEC);
	}
	return ret < 0 ? -errno : ret;
}

/* files_lock held: the buffer needs a file to be known by. */
static int make_handle(struct dma_buf *dmabuf)
{
	struct dmabuf_memory *shell;

	if (dmabuf->file)
		return 0;
	shell = dmabuf_base_memory_create_shell("dmabuf:shell", dmabuf->size);
	if (dmabuf_is_err(shell))
		return (int)dmabuf_ptr_err(shell);
	dmabuf->file = shell;
	return 0;
}

/*
 * files_lock held: an fd for the caller, and its reference with it. The only holder is given the file itself. Without the
 * right to write the file is sealed first: the access mode of an fd alone is no protection, it can be opened again.
 */
static int hand_out(struct dma_buf *dmabuf)
{
	bool alone = __atomic_load_n(&dmabuf->count.count, __ATOMIC_ACQUIRE) == 1 && dmabuf->flags == O_RDWR;
	int ret = dmabuf->flags == O_RDONLY ? dmabuf_base_memory_protect(dmabuf->file) : 0;
	int fd;

	if (ret < 0)
		return ret;
	fd = alone ? dmabuf->file->fd : open_again(dmabuf->file->fd, dmabuf->flags);
	if (fd < 0)
		return fd;
	ret = make_installed(dmabuf);
	if (ret < 0) {
		if (!alone)
			close(fd);
		return ret;
	}
	if (alone) {
		dmabuf->file->fd = -1;
		drop_locked(dmabuf);
	} else if (!drop_locked(dmabuf)) {
		go_dormant(dmabuf);
	}
	return fd;
}

int dma_buf_fd(struct dma_buf *dmabuf, int flags)
{
	int fd;

	if (!dmabuf)
		return -EINVAL;
	dmabuf_watch_reap();
	dmabuf_base_mutex_lock(&files_lock);
	fd = make_handle(dmabuf);
	if (fd == 0)
		fd = hand_out(dmabuf);
	dmabuf_base_mutex_unlock(&files_lock);
	if (fd >= 0 && !(flags & O_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	return fd;
}

/* files_lock held: the buffer with this identity, or NULL. */
static struct dma_buf *find_locked(const struct file_id *id)
{
	struct table_node *node = dmabuf_base_table_find(&files, id->ino);

	while (node) {
		struct buf_file *file = base_container(node, struct buf_file, node);

		if (file_id_is_equal(&file->id, id))
			return file->dmabuf;
		do
			node = node->next;
		while (node && node->key != id->ino);
	}
	return NULL;
}

/* files_lock held: take a reference; a dormant buffer opens its file again from @fd. */
static int revive(struct dma_buf *dmabuf, int fd)
{
	int own;

	if (dmabuf->file->fd < 0) {
		own = open_again(fd, dmabuf->file->shell ? O_RDONLY : dmabuf->flags);
		if (own < 0)
			return own;
		dmabuf->file->fd = own;
	}
	get_dma_buf(dmabuf);
	return 0;
}

struct dma_buf *dma_buf_get(int fd)
{
	struct dma_buf *dmabuf;
	struct file_id id;
	int ret = dmabuf_base_file_identify(fd, &id);

	if (ret < 0)
		return dmabuf_err_ptr(ret);
	dmabuf_watch_reap();
	dmabuf_base_mutex_lock(&files_lock);
	dmabuf = find_locked(&id);
	ret = dmabuf ? revive(dmabuf, fd) : -EINVAL;
	dmabuf_base_mutex_unlock(&files_lock);
	return ret < 0 ? dmabuf_err_ptr(ret) : dmabuf;
}

/* files_lock held: a new buffer around @fd, which it takes. */
static struct dma_buf *import_locked(int fd, size_t size)
{
	struct dmabuf_memory *memory = dmabuf_base_memory_adopt(fd, size);
	struct dma_buf *dmabuf;
	int ret;

	if (dmabuf_is_err(memory)) {
		close(fd);
		return (struct dma_buf *)memory;
	}
	dmabuf = dmabuf_memory_export(memory, size, "imported", fcntl(fd, F_GETFL) & O_ACCMODE);
	if (dmabuf_is_err(dmabuf))
		return dmabuf;
	ret = add_to_table(dmabuf, &imported_ops);
	if (ret < 0) {
		dmabuf_buf_release(dmabuf);
		return dmabuf_err_ptr(ret);
	}
	return dmabuf;
}

struct dma_buf *dmabuf_buf_import(int fd, size_t size)
{
	struct dma_buf *dmabuf;
	struct file_id id;
	int ret = dmabuf_base_file_identify(fd, &id);

	if (ret < 0) {
		close(fd);
		return dmabuf_err_ptr(ret);
	}
	dmabuf_base_mutex_lock(&files_lock);
	dmabuf = find_locked(&id);
	if (dmabuf) {
		ret = dmabuf->size == size ? revive(dmabuf, fd) : -EINVAL;
		close(fd);
		if (ret < 0)
			dmabuf = dmabuf_err_ptr(ret);
	} else {
		dmabuf = import_locked(fd, size);
	}
	dmabuf_base_mutex_unlock(&files_lock);
	return dmabuf;
}
