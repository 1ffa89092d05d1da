/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. The board: one sealed memory file per process on which its timelines publish their progress.
 *
 * Called by: timeline.c to publish, remote-fence.c to read a peer's, connection.c to hand ours out.
 *
 * The file is sealed against writing after we mapped it, so that everybody else, our own children included, can only
 * read: the writable mapping is not inherited over fork, the read-only one is.
 *
 * Invariant: a slot's signalled never goes back under one ctx, and a slot is recycled only when everything issued on it
 * is done without an error. See tests/model/board.pml.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/mutex.h"
#include "src/base/task.h"
#include "src/share/board.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif

#define BOARD_BYTES (BOARD_HEADER_SIZE + (size_t)BOARD_SLOTS * BOARD_SLOT_SIZE)
#define OUTCOME_TRIES 16
#define SEQNO_MASK ((1ull << HISTORY_SEQNO_BITS) - 1)
#define HISTORY_ERROR_BITS 16
#define ERRNO_MAX 4095

static struct base_mutex board_lock = BASE_MUTEX_INIT;
static int board_fd = -1;
static char *board_rw;
static const char *board_ro;
static uint32_t next_unused;			/* slots from here on were never taken */
static uint32_t *recycled;			/* numbers of slots to take again */
static uint32_t num_recycled, max_recycled;

/* A child is a reader of its parent's board and makes its own when it needs one. */
static void forget_after_fork(void)
{
	board_lock = (struct base_mutex)BASE_MUTEX_INIT;
	if (board_fd >= 0)
		close(board_fd);
	board_fd = -1;
	board_rw = NULL;
	board_ro = NULL;
	next_unused = num_recycled = 0;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_after_fork);
}

static int map_and_seal(int fd)
{
	struct board_header header = { BOARD_MAGIC, BOARD_VERSION, BOARD_SLOT_SIZE, BOARD_SLOTS, 0 };
	char *rw, *ro;

	if (ftruncate(fd, BOARD_BYTES) < 0)
		return errno == EFBIG ? -ENOMEM : -errno;
	rw = mmap(NULL, BOARD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (rw == MAP_FAILED)
		return -errno;
	ro = mmap(NULL, BOARD_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (ro == MAP_FAILED || madvise(rw, BOARD_BYTES, MADV_DONTFORK) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int ret = -errno;

		munmap(rw, BOARD_BYTES);
		if (ro != MAP_FAILED)
			munmap(ro, BOARD_BYTES);
		return ret;
	}
	__builtin_memcpy(rw, &header, sizeof(header));
	board_rw = rw;
	board_ro = ro;
	return 0;
}

/* board_lock held: make the board when it is first needed. */
static int need_board(void)
{
	int ret, fd;

	if (board_fd >= 0)
		return 0;
	fd = memfd_create("dmabuf:board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	ret = map_and_seal(fd);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	board_fd = fd;
	return 0;
}

int dmabuf_board_fd(void)
{
	char path[32];
	int ret;

	dmabuf_base_mutex_lock(&board_lock);
	ret = need_board();
	if (ret == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", board_fd);
		ret = open(path, O_RDONLY | O_CLOEXEC);
		if (ret < 0)
			ret = -errno;
	}
	dmabuf_base_mutex_unlock(&board_lock);
	return ret;
}

/* board_lock held: a free slot's number. */
static int take_index(uint32_t *ret_index)
{
	if (num_recycled) {
		*ret_index = recycled[--num_recycled];
		return 0;
	}
	if (next_unused == BOARD_SLOTS)
		return -ENOSPC;
	*ret_index = next_unused++;
	return 0;
}

/* Begin a new life of a slot; a reader that is in between sees either the old ctx, all done, or another one. */
static void begin_slot(struct board_slot *slot, uint64_t ctx)
{
	/* Pairs with the second look at ctx in dmabuf_slot_is_done(): nothing below is taken for the old timeline's. */
	__atomic_store_n(&slot->ctx, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&slot->signalled, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->issued, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->err_count, 0, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < HISTORY_ENTRIES; i++)
		__atomic_store_n(&slot->history[i].seqno_error, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->flags, BOARD_SLOT_TIMELINE, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->ctx, ctx, __ATOMIC_RELEASE);
}

int dmabuf_board_take(uint64_t ctx, struct own_slot *ret_slot)
{
	uint32_t index;
	size_t offset;
	int ret;

	dmabuf_base_mutex_lock(&board_lock);
	ret = need_board();
	if (ret == 0)
		ret = take_index(&index);
	if (ret == 0) {
		offset = BOARD_HEADER_SIZE + (size_t)index * BOARD_SLOT_SIZE;
		ret_slot->index = index;
		ret_slot->rw = (struct board_slot *)(board_rw + offset);
		ret_slot->ro = (const struct board_slot *)(board_ro + offset);
		begin_slot(ret_slot->rw, ctx);
	}
	dmabuf_base_mutex_unlock(&board_lock);
	return ret;
}

/* board_lock held: room for one more number. */
static bool grow_recycled(void)
{
	uint32_t wanted = max_recycled ? 2 * max_recycled : 64;
	uint32_t *bigger;

	if (num_recycled < max_recycled)
		return true;
	bigger = dmabuf_base_alloc(wanted * sizeof(*bigger));
	if (!bigger)
		return false;
	for (uint32_t i = 0; i < num_recycled; i++)
		bigger[i] = recycled[i];
	dmabuf_base_free(recycled);
	recycled = bigger;
	max_recycled = wanted;
	return true;
}

void dmabuf_board_give_back(const struct own_slot *slot)
{
	if (__atomic_load_n(&slot->ro->err_count, __ATOMIC_RELAXED))
		return;
	dmabuf_base_mutex_lock(&board_lock);
	if (grow_recycled())
		recycled[num_recycled++] = slot->index;
	dmabuf_base_mutex_unlock(&board_lock);
}

void dmabuf_slot_issue(const struct own_slot *slot, uint64_t seqno)
{
	__atomic_store_n(&slot->rw->issued, seqno, __ATOMIC_RELEASE); /* Pairs with the check of a received fence. */
}

void dmabuf_slot_publish(const struct own_slot *slot, uint64_t seqno, int error, int64_t time_ns)
{
	struct board_slot *rw = slot->rw;
	struct board_history *entry = &rw->history[rw->event % HISTORY_ENTRIES];

	/* Pairs with read_entry(): whoever finds the same number before and after the time has a whole entry. */
	__atomic_store_n(&entry->seqno_error, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&entry->time_ns, (uint64_t)time_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->seqno_error, (seqno & SEQNO_MASK) << HISTORY_ERROR_BITS | (uint64_t)-error,
			 __ATOMIC_RELEASE);
	if (error)
		__atomic_store_n(&rw->err_count, rw->err_count + 1, __ATOMIC_RELAXED);
	/* Pairs with dmabuf_slot_is_done(): whoever sees it done finds how. */
	__atomic_store_n(&rw->signalled, seqno, __ATOMIC_RELEASE);
	__atomic_store_n(&rw->event, rw->event + 1, __ATOMIC_RELEASE);
}

bool dmabuf_slot_is_done(const struct board_slot *slot, uint64_t ctx, uint64_t seqno)
{
	uint64_t signalled;

	if (__atomic_load_n(&slot->ctx, __ATOMIC_ACQUIRE) != ctx)
		return true;
	/* Pairs with dmabuf_slot_publish(). */
	signalled = __atomic_load_n(&slot->signalled, __ATOMIC_ACQUIRE);
	return signalled >= seqno || __atomic_load_n(&slot->ctx, __ATOMIC_RELAXED) != ctx;
}

/* Copy one entry. False if it is unused or was being written. */
static bool read_entry(const struct board_history *entry, uint64_t *ret_seqno_error, uint64_t *ret_time)
{
	uint64_t before = __atomic_load_n(&entry->seqno_error, __ATOMIC_ACQUIRE);
	uint64_t time_ns = __atomic_load_n(&entry->time_ns, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!before || __atomic_load_n(&entry->seqno_error, __ATOMIC_RELAXED) != before)
		return false;
	*ret_seqno_error = before;
	*ret_time = time_ns;
	return true;
}

/* The error in an entry. A number that is none is the owner's fault, and says so. */
static int error_of(uint64_t seqno_error)
{
	uint32_t error = seqno_error & ((1u << HISTORY_ERROR_BITS) - 1);

	return error <= ERRNO_MAX ? -(int)error : -EPROTO;
}

/*
 * The publication that completed @seqno: the nearest one at or after it that is still in the history. Its time is that of
 * @seqno only if it reached exactly this one, or if an earlier one is there too. An error is always found: it is the last
 * thing a timeline publishes.
 */
static void find_publication(const struct board_slot *slot, uint64_t seqno, int *ret_error, int64_t *ret_time)
{
	uint64_t nearest = SEQNO_MASK, word, time_ns;
	bool has_earlier = false;

	*ret_error = 0;
	*ret_time = 0;
	for (unsigned int i = 0; i < HISTORY_ENTRIES; i++) {
		uint64_t distance;

		if (!read_entry(&slot->history[i], &word, &time_ns))
			continue;
		distance = ((word >> HISTORY_ERROR_BITS) - seqno) & SEQNO_MASK;
		if (distance > SEQNO_MASK / 2) {
			has_earlier = true;
		} else if (distance < nearest) {
			nearest = distance;
			*ret_error = error_of(word);
			*ret_time = (int64_t)time_ns;
		}
	}
	if (nearest && !has_earlier)
		*ret_time = 0;
}

void dmabuf_slot_outcome(const struct board_slot *slot, uint64_t ctx, uint64_t seqno, int *ret_error,
			 int64_t *ret_time_ns)
{
	for (int i = 0; i < OUTCOME_TRIES; i++) {
		uint32_t event = __atomic_load_n(&slot->event, __ATOMIC_ACQUIRE);

		find_publication(slot, seqno, ret_error, ret_time_ns);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->event, __ATOMIC_RELAXED) == event)
			break;
	}
	/* Recycled means done without an error, at a time nobody remembers. */
	if (__atomic_load_n(&slot->ctx, __ATOMIC_RELAXED) != ctx) {
		*ret_error = 0;
		*ret_time_ns = 0;
	}
}
