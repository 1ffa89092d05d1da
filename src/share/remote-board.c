/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. The boards of other processes.
 *
 * Called by: connection.c when a HELLO brings one, remote-fence.c to read slots and to name timelines.
 *
 * A board is known by its file's inode, never by what its owner says: two connections to one process, or a board that
 * comes by a third, give one object, and so one local context for each timeline. Every process counts its contexts from
 * 1; taken as they are, equal numbers of different processes would replace each other's fences in a reservation.
 *
 * Invariant: a board in the list is mapped, and its last reference is dropped under boards_lock.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/mutex.h"
#include "src/base/task.h"
#include "src/share/share-internal.h"

/* One local number for each (slot, remote ctx). */
struct local_ctx {
	uint64_t remote, local;
};

struct remote_board {
	struct dmabuf_list node;
	struct dmabuf_kref count;
	struct dmabuf_memory *memory;
	const char *map;		/* read-only; the slots follow the header */
	uint32_t num_slots;
	struct dmabuf_spinlock lock;	/* protects @contexts */
	struct local_ctx *contexts;	/* one per slot */
};

static struct base_mutex boards_lock = BASE_MUTEX_INIT;
static struct dmabuf_list boards = { &boards, &boards };

static void forget_after_fork(void)
{
	boards_lock = (struct base_mutex)BASE_MUTEX_INIT;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_after_fork);
}

static void destroy(struct remote_board *board)
{
	if (board->map)
		dmabuf_base_memory_unmap((void *)(uintptr_t)board->map, board->memory->size);
	dmabuf_base_memory_put(board->memory);
	dmabuf_base_free(board->contexts);
	dmabuf_base_free(board);
}

/* Copy the header, check it, and say how large the whole has to be. */
static int read_header(struct dmabuf_memory *memory, struct board_header *ret_header)
{
	void *map;
	int ret = dmabuf_base_memory_map(memory, 0, BOARD_HEADER_SIZE, PROT_READ, NULL, &map);

	if (ret < 0)
		return ret;
	__builtin_memcpy(ret_header, map, sizeof(*ret_header));
	dmabuf_base_memory_unmap(map, BOARD_HEADER_SIZE);
	if (ret_header->magic != BOARD_MAGIC || ret_header->version != BOARD_VERSION ||
	    ret_header->slot_size != BOARD_SLOT_SIZE || !ret_header->num_slots || ret_header->num_slots > BOARD_SLOTS_MAX)
		return -EPROTO;
	memory->size = BOARD_HEADER_SIZE + (uint64_t)ret_header->num_slots * BOARD_SLOT_SIZE;
	return dmabuf_base_memory_is_safe(memory->fd, memory->size) ? 0 : -EPROTO;
}

/* Map it all. */
static int fill(struct remote_board *board)
{
	struct board_header header;
	void *map;
	int ret = read_header(board->memory, &header);

	if (ret < 0)
		return ret;
	ret = dmabuf_base_memory_map(board->memory, 0, board->memory->size, PROT_READ, NULL, &map);
	if (ret < 0)
		return ret;
	board->map = map;
	board->num_slots = header.num_slots;
	board->contexts = dmabuf_base_alloc(header.num_slots * sizeof(*board->contexts));
	return board->contexts ? 0 : -ENOMEM;
}

/* A new board around @memory, whose reference it takes. */
static struct remote_board *create(struct dmabuf_memory *memory)
{
	struct remote_board *board = dmabuf_base_alloc(sizeof(*board));
	int ret;

	if (!board) {
		dmabuf_base_memory_put(memory);
		return dmabuf_err_ptr(-ENOMEM);
	}
	board->count.count = 1;
	board->memory = memory;
	ret = fill(board);
	if (ret < 0) {
		destroy(board);
		return dmabuf_err_ptr(ret);
	}
	return board;
}

/* boards_lock held: the board with this identity, or NULL. */
static struct remote_board *find_locked(const struct file_id *id)
{
	struct dmabuf_list *pos;

	list_for_each(pos, &boards) {
		struct remote_board *board = base_container(pos, struct remote_board, node);

		if (file_id_is_equal(&board->memory->id, id))
			return board;
	}
	return NULL;
}

struct remote_board *dmabuf_remote_board_get(int fd)
{
	struct dmabuf_memory *memory = dmabuf_base_memory_adopt(fd, BOARD_HEADER_SIZE);
	struct remote_board *board;

	if (dmabuf_is_err(memory)) {
		close(fd);
		return dmabuf_err_ptr(dmabuf_ptr_err(memory) == -EINVAL ? -EPROTO : dmabuf_ptr_err(memory));
	}
	dmabuf_base_mutex_lock(&boards_lock);
	board = find_locked(&memory->id);
	if (board) {
		board->count.count++;
		dmabuf_base_memory_put(memory);
	} else {
		board = create(memory);
		if (!dmabuf_is_err(board))
			list_insert_before(&boards, &board->node);
	}
	dmabuf_base_mutex_unlock(&boards_lock);
	return board;
}

void dmabuf_remote_board_put(struct remote_board *board)
{
	bool last;

	if (!board)
		return;
	dmabuf_base_mutex_lock(&boards_lock);
	last = --board->count.count == 0;
	if (last)
		list_remove(&board->node);
	dmabuf_base_mutex_unlock(&boards_lock);
	if (last)
		destroy(board);
}

const struct board_slot *dmabuf_remote_board_slot(const struct remote_board *board, uint32_t index)
{
	if (index >= board->num_slots)
		return NULL;
	return (const struct board_slot *)(board->map + BOARD_HEADER_SIZE + (size_t)index * BOARD_SLOT_SIZE);
}

uint64_t dmabuf_remote_board_context(struct remote_board *board, uint32_t index, uint64_t ctx)
{
	struct local_ctx *context = &board->contexts[index];
	uint64_t local;

	spin_lock(&board->lock);
	if (context->remote != ctx) {
		context->remote = ctx;
		context->local = dma_fence_context_alloc(1);
	}
	local = context->local;
	spin_unlock(&board->lock);
	return local;
}
