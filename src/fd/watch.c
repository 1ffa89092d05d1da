/* SPDX-License-Identifier: MIT */
/*
 * Layer: fd. One inotify instance per process, and who wants to know what.
 *
 * Called by: dma-buf-file and sync-file for the ends of their files; dmabuf_buf_reap() and the service thread to look.
 *
 * Invariant: a watch is in the table exactly while its number is valid in the instance. Should the kernel's queue
 * overflow, the instance's own list of watches tells which have ended.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <dmabuf/dma-buf.h>

#include "src/base/mutex.h"
#include "src/base/park.h"
#include "src/base/task.h"
#include "src/fd/watch.h"

/* How long a file that seems to be held is suspected to be about to go. */
#define SUSPECT_NS 100000000L

static struct base_mutex watch_lock = BASE_MUTEX_INIT;
static struct base_table watches;
static int inotify_fd = -1;
static struct fd_watch *suspects; /* to ask again at the next reap */

/* The child shares the parent's instance and must leave its events alone; what it inherited ends with it. */
static void forget_after_fork(void)
{
	watch_lock = (struct base_mutex)BASE_MUTEX_INIT;
	dmabuf_base_table_reset(&watches);
	suspects = NULL;
	if (inotify_fd >= 0)
		close(inotify_fd);
	inotify_fd = -1;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_after_fork);
}

/* watch_lock held: the instance, made when first needed; or -errno. */
static int instance(void)
{
	if (inotify_fd < 0)
		inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return inotify_fd < 0 ? -errno : inotify_fd;
}

/* watch_lock held. */
static int add_locked(struct fd_watch *watch, int fd, uint32_t events)
{
	char path[32];
	int ret = instance(), number;

	if (ret < 0)
		return ret;
	ret = dmabuf_base_table_reserve(&watches);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	number = inotify_add_watch(inotify_fd, path, events);
	if (number < 0)
		return -errno;
	dmabuf_base_table_add(&watches, &watch->node, (uint64_t)number);
	return 0;
}

int dmabuf_watch_add(struct fd_watch *watch, int fd, uint32_t events)
{
	int ret;

	dmabuf_base_mutex_lock(&watch_lock);
	ret = add_locked(watch, fd, events);
	dmabuf_base_mutex_unlock(&watch_lock);
	return ret;
}

void dmabuf_watch_remove(struct fd_watch *watch)
{
	dmabuf_base_mutex_lock(&watch_lock);
	if (dmabuf_base_table_find(&watches, watch->node.key) == &watch->node) {
		dmabuf_base_table_remove(&watches, &watch->node);
		inotify_rm_watch(inotify_fd, (int)watch->node.key);
	}
	dmabuf_base_mutex_unlock(&watch_lock);
}

int dmabuf_watch_fd(void)
{
	int fd;

	dmabuf_base_mutex_lock(&watch_lock);
	fd = instance();
	dmabuf_base_mutex_unlock(&watch_lock);
	return fd;
}

/* watch_lock held: put the watch of this number on the list of those to ask. */
static void collect(uint64_t number, struct fd_watch **ended)
{
	struct fd_watch *watch = (struct fd_watch *)dmabuf_base_table_find(&watches, number);

	if (!watch)
		return;
	watch->again = watch->busy;
	if (watch->busy)
		return;
	watch->busy = true;
	watch->next_ended = *ended;
	*ended = watch;
}

/* Does the instance still have this watch? Its fdinfo has a line for each. */
static bool instance_has(uint64_t number)
{
	char path[48], line[256];
	bool found = false;
	unsigned int wd;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", inotify_fd);
	info = fopen(path, "re");
	if (!info)
		return true;
	while (!found && fgets(line, sizeof(line), info))
		found = sscanf(line, "inotify wd:%x", &wd) == 1 && wd == number;
	fclose(info);
	return found;
}

/* watch_lock held: events were lost; find out which watches are gone. */
static void collect_lost(struct fd_watch **ended)
{
	for (size_t i = 0; i < watches.num_buckets; i++) {
		for (struct table_node *node = watches.buckets[i]; node; node = node->next) {
			if (!instance_has(node->key))
				collect(node->key, ended);
		}
	}
}

/* watch_lock held: read a batch of events. True if there may be more. */
static bool collect_batch(struct fd_watch **ended)
{
	char events[4096] __attribute__((aligned(8)));
	ssize_t size = read(inotify_fd, events, sizeof(events));
	const struct inotify_event *event;

	for (char *at = events; size > 0 && at < events + size; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)at;
		if (event->mask & IN_Q_OVERFLOW)
			collect_lost(ended);
		else if (!(event->mask & IN_IGNORED))
			collect((uint64_t)event->wd, ended);
	}
	return size > 0;
}

/*
 * A watch said that its file is still held. The kernel reports the close of a pipe's end a moment before the pipe counts
 * it: the file may be gone in a microsecond. Ask again at later reaps, for a while after the last report.
 */
static void keep_asking(struct fd_watch *watch)
{
	int64_t now = dmabuf_base_now();

	dmabuf_base_mutex_lock(&watch_lock);
	if (watch->again || !watch->suspect_since)
		watch->suspect_since = now;
	watch->again = false;
	watch->busy = now - watch->suspect_since < SUSPECT_NS;
	if (watch->busy) {
		watch->next_ended = suspects;
		suspects = watch;
	} else {
		watch->suspect_since = 0;
	}
	dmabuf_base_mutex_unlock(&watch_lock);
}

bool dmabuf_watch_is_suspicious(void)
{
	bool any;

	dmabuf_base_mutex_lock(&watch_lock);
	any = suspects;
	dmabuf_base_mutex_unlock(&watch_lock);
	return any;
}

int dmabuf_watch_reap(void)
{
	struct fd_watch *ended, *next;
	int count = 0;

	dmabuf_base_mutex_lock(&watch_lock);
	ended = suspects;
	suspects = NULL;
	if (inotify_fd >= 0) {
		while (collect_batch(&ended))
			;
	}
	dmabuf_base_mutex_unlock(&watch_lock);
	for (; ended; ended = next) {
		next = ended->next_ended;
		if (ended->ended(ended))
			count++;
		else
			keep_asking(ended);
	}
	return count;
}

int dmabuf_buf_reap(void)
{
	return dmabuf_watch_reap();
}
