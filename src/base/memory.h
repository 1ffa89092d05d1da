/* SPDX-License-Identifier: MIT */
/*
 * Memory files: sealed memfds, with their identity. One may be dormant: known, but not held open by this process, so
 * that its life is up to others.
 */
#ifndef DMABUF_SRC_BASE_MEMORY_H
#define DMABUF_SRC_BASE_MEMORY_H

#include <dmabuf/base.h>

struct file_id {
	uint64_t dev, ino;
};

struct dmabuf_memory {
	struct dmabuf_kref count;
	int fd;			/* -1: dormant */
	uint64_t size;		/* bytes, a whole number of pages */
	struct file_id id;
	bool shell;		/* an identity without contents: cannot be mapped */
};

/* Make a zeroed memory file whose size is fixed; its pages are taken now. Error pointers: -ENOMEM, -EMFILE, -EINVAL. */
struct dmabuf_memory *dmabuf_base_memory_create(const char *name, uint64_t size);
/* Make an identity: a file of that size that nobody can write or map for writing. */
struct dmabuf_memory *dmabuf_base_memory_create_shell(const char *name, uint64_t size);
/*
 * Take over @fd, which came from outside, after checking that it is a memfd of at least @size bytes that cannot shrink.
 * Error pointers: -EINVAL not such a file (the fd stays the caller's), -ENOMEM.
 */
struct dmabuf_memory *dmabuf_base_memory_adopt(int fd, uint64_t size);
/* Can @size bytes of this file from outside be mapped without fear that its owner makes an access fault? */
bool dmabuf_base_memory_is_safe(int fd, uint64_t size);
/* From now on nobody can write to it but through mappings there are. Returns 0 or -errno. */
int dmabuf_base_memory_protect(struct dmabuf_memory *memory);
void dmabuf_base_memory_put(struct dmabuf_memory *memory);

/* Map part of it; @wanted may be NULL. Returns 0 or -errno. */
int dmabuf_base_memory_map(struct dmabuf_memory *memory, uint64_t offset, size_t size, int prot, void *wanted,
			   void **ret_ptr);
void dmabuf_base_memory_unmap(void *ptr, size_t size);

/* Who is this file? Returns 0 or -errno. */
int dmabuf_base_file_identify(int fd, struct file_id *ret_id);

size_t dmabuf_base_page_size(void);

static inline bool file_id_is_equal(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

#endif
