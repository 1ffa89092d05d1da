/* SPDX-License-Identifier: MIT */
/*
 * Layer: fd. sync_file: one fence behind one file descriptor, the read end of a pipe.
 *
 * Called by: programs. When the fence signals, one byte is put into the pipe without allocating (tee from a pipe that
 * always holds one) and the write end is closed: the holder's poll shows IN and HUP, for good.
 *
 * Invariant: the write end is open exactly until the fence has signalled. A sync_file lives until its read end is closed
 * for the last time, in whatever process; the watch on the pipe reports that.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <dmabuf/sync-file.h>

#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/memory.h"
#include "src/base/mutex.h"
#include "src/base/task.h"
#include "src/fd/watch.h"

struct sync_file {
	struct table_node node;		/* by the pipe's inode number */
	struct fd_watch watch;
	struct dma_fence_cb cb;
	struct dma_fence *fence;
	struct file_id id;
	int read_fd;			/* the caller's after install */
	int write_fd;			/* -1 once the fence has signalled; atomic */
};

static struct base_mutex sync_files_lock = BASE_MUTEX_INIT;
static struct base_table sync_files;
static int byte_source[2] = { -1, -1 }; /* a pipe that holds one byte */

/* The child's copies of the write ends would hold back the hang-up that readers wait for. */
static void close_write_ends_after_fork(void)
{
	for (size_t i = 0; i < sync_files.num_buckets; i++) {
		for (struct table_node *node = sync_files.buckets[i]; node; node = node->next) {
			struct sync_file *file = base_container(node, struct sync_file, node);

			if (file->write_fd >= 0)
				close(file->write_fd);
			file->write_fd = -1;
		}
	}
	dmabuf_base_table_reset(&sync_files);
	sync_files_lock = (struct base_mutex)BASE_MUTEX_INIT;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(close_write_ends_after_fork);
}

/* sync_files_lock held. */
static int make_byte_source(void)
{
	if (byte_source[0] >= 0)
		return 0;
	if (pipe2(byte_source, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (write(byte_source[1], "", 1) != 1) {
		close(byte_source[0]);
		close(byte_source[1]);
		byte_source[0] = byte_source[1] = -1;
		return -EIO;
	}
	return 0;
}

/*
 * Put a byte into the pipe. Should the reader have gone, the SIGPIPE for it is ours to swallow: the program asked for no
 * such thing. Should the byte not get through, the hang-up of the close still does.
 */
static void put_byte(int fd)
{
	const struct timespec no_time = { 0 };
	sigset_t sigpipe, pending, old;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
	sigpending(&pending);
	if (tee(byte_source[0], fd, 1, SPLICE_F_NONBLOCK) < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&sigpipe, NULL, &no_time);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* The fence has signalled. */
static void fire(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct sync_file *file = base_container(cb, struct sync_file, cb);
	int fd = __atomic_exchange_n(&file->write_fd, -1, __ATOMIC_ACQ_REL);

	(void)fence;
	if (fd < 0)
		return;
	put_byte(fd);
	close(fd);
}

static void destroy(struct sync_file *file)
{
	int fd;

	dma_fence_remove_callback(file->fence, &file->cb);
	fd = __atomic_exchange_n(&file->write_fd, -1, __ATOMIC_ACQ_REL);
	if (fd >= 0)
		close(fd);
	dma_fence_put(file->fence);
	dmabuf_base_free(file);
}

/* Somebody closed the read end. Before the fence has signalled the pipe itself knows whether it was the last one. */
static bool reader_gone(struct fd_watch *watch)
{
	struct sync_file *file = base_container(watch, struct sync_file, watch);
	struct pollfd pfd = { .fd = __atomic_load_n(&file->write_fd, __ATOMIC_ACQUIRE) };

	/* Looked at again: had the fence signalled meanwhile, the number polled may have been somebody else's file. */
	if (pfd.fd >= 0 && poll(&pfd, 1, 0) == 0 && __atomic_load_n(&file->write_fd, __ATOMIC_ACQUIRE) == pfd.fd)
		return false;
	dmabuf_base_mutex_lock(&sync_files_lock);
	dmabuf_base_table_remove(&sync_files, &file->node);
	dmabuf_base_mutex_unlock(&sync_files_lock);
	dmabuf_watch_remove(watch);
	destroy(file);
	return true;
}

/* Make the pipe and be told of its end. */
static int open_pipe(struct sync_file *file)
{
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* Before the watch, which shows the object to whoever reaps. */
	file->read_fd = ends[0];
	file->write_fd = ends[1];
	ret = dmabuf_base_file_identify(ends[0], &file->id);
	if (ret == 0)
		ret = dmabuf_watch_add(&file->watch, ends[0], WATCH_READER_GONE);
	if (ret < 0) {
		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	return 0;
}

/* Make it findable by its fd. */
static int enter(struct sync_file *file)
{
	int ret;

	dmabuf_base_mutex_lock(&sync_files_lock);
	ret = make_byte_source();
	if (ret == 0)
		ret = dmabuf_base_table_reserve(&sync_files);
	if (ret == 0)
		dmabuf_base_table_add(&sync_files, &file->node, file->id.ino);
	dmabuf_base_mutex_unlock(&sync_files_lock);
	return ret;
}

struct sync_file *sync_file_create(struct dma_fence *fence)
{
	struct sync_file *file;

	if (!fence)
		return NULL;
	dmabuf_watch_reap();
	file = dmabuf_base_alloc(sizeof(*file));
	if (!file)
		return NULL;
	file->watch.ended = reader_gone;
	if (open_pipe(file) < 0) {
		dmabuf_base_free(file);
		return NULL;
	}
	if (enter(file) < 0) {
		dmabuf_watch_remove(&file->watch);
		close(file->read_fd);
		close(file->write_fd);
		dmabuf_base_free(file);
		return NULL;
	}
	file->fence = dma_fence_get(fence);
	if (dma_fence_add_callback(fence, &file->cb, fire) < 0)
		fire(fence, &file->cb);
	return file;
}

int dmabuf_sync_file_install(struct sync_file *sync_file)
{
	int fd;

	/* Under the lock for what TSan cannot see: the close of this fd is what lets the service free the object. */
	dmabuf_base_mutex_lock(&sync_files_lock);
	fd = sync_file->read_fd;
	dmabuf_base_mutex_unlock(&sync_files_lock);
	return fd;
}

/* sync_files_lock held. */
static struct sync_file *find_locked(const struct file_id *id)
{
	struct table_node *node = dmabuf_base_table_find(&sync_files, id->ino);
	struct sync_file *file;

	if (!node)
		return NULL;
	file = base_container(node, struct sync_file, node);
	return file_id_is_equal(&file->id, id) ? file : NULL;
}

struct dma_fence *sync_file_get_fence(int fd)
{
	struct dma_fence *fence = NULL;
	struct sync_file *file;
	struct file_id id;

	if (dmabuf_base_file_identify(fd, &id) < 0)
		return NULL;
	dmabuf_base_mutex_lock(&sync_files_lock);
	file = find_locked(&id);
	if (file)
		fence = dma_fence_get(file->fence);
	dmabuf_base_mutex_unlock(&sync_files_lock);
	return fence;
}
