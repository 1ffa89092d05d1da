/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Memory files.
 *
 * Called by: buf for handles, heap for storage, fd for identities, share for files that came from another process.
 *
 * Invariant: a memory file that leaves this module cannot shrink or grow, so that no mapping of it ever faults.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/memory.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif
#ifndef HUGETLBFS_MAGIC
#define HUGETLBFS_MAGIC 0x958458f6
#endif

/* Below this size the look at what is available would cost more than it is worth. */
#define ALWAYS_AFFORDABLE (16u << 20)

size_t dmabuf_base_page_size(void)
{
	static size_t page_size;

	if (!page_size)
		page_size = (size_t)sysconf(_SC_PAGESIZE);
	return page_size;
}

int dmabuf_base_file_identify(int fd, struct file_id *ret_id)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	ret_id->dev = st.st_dev;
	ret_id->ino = st.st_ino;
	return 0;
}

/* Wrap an open file. The fd moves into the object only on success. */
static struct dmabuf_memory *wrap(int fd, uint64_t size, bool shell)
{
	struct dmabuf_memory *memory = dmabuf_base_alloc(sizeof(*memory));
	int ret;

	if (!memory)
		return dmabuf_err_ptr(-ENOMEM);
	ret = dmabuf_base_file_identify(fd, &memory->id);
	if (ret < 0) {
		dmabuf_base_free(memory);
		return dmabuf_err_ptr(ret);
	}
	memory->count.count = 1;
	memory->fd = fd;
	memory->size = size;
	memory->shell = shell;
	return memory;
}

/* What the kernel says is left without swapping, in bytes; 0 if it does not say. */
static uint64_t available_memory(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	if (!info)
		return 0;
	while (!kib && fgets(line, sizeof(line), info)) {
		if (sscanf(line, "MemAvailable: %llu", &kib) != 1)
			kib = 0;
	}
	fclose(info);
	return kib * 1024;
}

/*
 * Asking for more than there is must end in an error: a file beyond the process's limit would raise SIGXFSZ, pages beyond
 * the machine's memory the out-of-memory killer. A shell has no pages.
 */
static bool is_affordable(uint64_t size, bool shell)
{
	struct rlimit limit;
	uint64_t available;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur)
		return false;
	if (shell || size < ALWAYS_AFFORDABLE)
		return true;
	available = available_memory();
	return !available || size <= available;
}

/* Give the new file its size and, unless it is a shell, its pages: out of memory shows here and not at first touch. */
static int set_size(int fd, uint64_t size, bool shell)
{
	int ret;

	if (size > INT64_MAX || !is_affordable(size, shell))
		return -ENOMEM;
	if (ftruncate(fd, (off_t)size) < 0)
		return errno == EFBIG ? -ENOMEM : -errno;
	if (shell)
		return 0;
	do
		ret = fallocate(fd, 0, 0, (off_t)size);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? (errno == ENOSPC || errno == EFBIG ? -ENOMEM : -errno) : 0;
}

static struct dmabuf_memory *create(const char *name, uint64_t size, bool shell)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | (shell ? F_SEAL_WRITE | F_SEAL_SEAL : 0);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct dmabuf_memory *memory;
	int ret;

	if (fd < 0)
		return dmabuf_err_ptr(-errno);
	ret = set_size(fd, size, shell);
	if (ret == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		ret = -errno;
	memory = ret < 0 ? dmabuf_err_ptr(ret) : wrap(fd, size, shell);
	if (dmabuf_is_err(memory))
		close(fd);
	return memory;
}

struct dmabuf_memory *dmabuf_base_memory_create(const char *name, uint64_t size)
{
	return create(name, size, false);
}

struct dmabuf_memory *dmabuf_base_memory_create_shell(const char *name, uint64_t size)
{
	return create(name, size, true);
}

/* A file from outside is used only if nothing its owner can do later makes our mapping of it fault. */
bool dmabuf_base_memory_is_safe(int fd, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return false;
	if (fstatfs(fd, &fs) < 0 || fs.f_type == HUGETLBFS_MAGIC)
		return false;
	return fstat(fd, &st) == 0 && st.st_size >= 0 && (uint64_t)st.st_size >= size;
}

struct dmabuf_memory *dmabuf_base_memory_adopt(int fd, uint64_t size)
{
	if (!dmabuf_base_memory_is_safe(fd, size))
		return dmabuf_err_ptr(-EINVAL);
	return wrap(fd, size, false);
}

int dmabuf_base_memory_protect(struct dmabuf_memory *memory)
{
	int seals = fcntl(memory->fd, F_GET_SEALS);

	if (seals < 0)
		return -errno;
	if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return 0;
	return fcntl(memory->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0 ? -errno : 0;
}

void dmabuf_base_memory_put(struct dmabuf_memory *memory)
{
	if (!memory || __atomic_sub_fetch(&memory->count.count, 1, __ATOMIC_ACQ_REL))
		return;
	if (memory->fd >= 0)
		close(memory->fd);
	dmabuf_base_free(memory);
}

int dmabuf_base_memory_map(struct dmabuf_memory *memory, uint64_t offset, size_t size, int prot, void *wanted,
			   void **ret_ptr)
{
	void *ptr;

	if (memory->shell || memory->fd < 0)
		return -EINVAL;
	ptr = mmap(wanted, size, prot, MAP_SHARED | (wanted ? MAP_FIXED : 0), memory->fd, (off_t)offset);
	if (ptr == MAP_FAILED)
		return errno == EPERM ? -EACCES : -errno;
	*ret_ptr = ptr;
	return 0;
}

void dmabuf_base_memory_unmap(void *ptr, size_t size)
{
	munmap(ptr, size);
}
