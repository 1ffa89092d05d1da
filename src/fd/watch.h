/* SPDX-License-Identifier: MIT */
/*
 * Seeing that the last holder of a file is gone, in whatever process: an inotify watch on the file itself.
 */
#ifndef DMABUF_SRC_FD_WATCH_H
#define DMABUF_SRC_FD_WATCH_H

#include "src/base/table.h"

struct fd_watch {
	struct table_node node;		/* by watch number */
	struct fd_watch *next_ended;
	int64_t suspect_since;		/* when it was first asked in vain; 0: no reason to ask */
	bool busy, again;		/* on a list of those to ask; and reported once more meanwhile */
	/*
	 * Called by a reap, without locks: the file's end was reported. True: it is so, the watch was removed and its
	 * memory may be gone. False: somebody still holds the file, or seems to: it is asked again for a while.
	 */
	bool (*ended)(struct fd_watch *watch);
};

/* A memory file: its last fd and its last mapping are gone. */
#define WATCH_FILE_GONE IN_DELETE_SELF
/* A pipe's read end: closed for good, or somebody who opened it a second time closed that. */
#define WATCH_READER_GONE IN_CLOSE_NOWRITE

/* Watch the file behind @fd; @watch->ended is set. Returns 0, -ENOSPC, -ENOMEM, -EMFILE. */
int dmabuf_watch_add(struct fd_watch *watch, int fd, uint32_t events);
/* Stop watching; after this ended() is not called by a reap that begins later. */
void dmabuf_watch_remove(struct fd_watch *watch);
/* An fd that polls readable when there is something to reap; or -errno. */
int dmabuf_watch_fd(void);
/* True: something may end without another event, look again soon. */
bool dmabuf_watch_is_suspicious(void);
/* Report what has ended. Returns how many. */
int dmabuf_watch_reap(void);

#endif
