/* SPDX-License-Identifier: MIT */
/*
 * kcompat: files that drivers implement, sync_files behind file descriptors, memory of the program.
 *
 * Called by: drivers; vfs_ioctl() by whoever stands for the program.
 *
 * Invariant: a file has its references in this process. Once a sync_file is behind a descriptor it is the library's, and
 * lives until the descriptor is closed everywhere.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

struct file *anon_inode_getfile(const char *name, const struct file_operations *fops, void *priv, int flags)
{
	struct file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	(void)name;
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->f_op = fops;
	file->private_data = priv;
	file->f_flags = (unsigned int)flags;
	file->usage = 1;
	return file;
}

struct file *get_file(struct file *file)
{
	__atomic_fetch_add(&file->usage, 1, __ATOMIC_RELAXED);
	return file;
}

void fput(struct file *file)
{
	if (__atomic_sub_fetch(&file->usage, 1, __ATOMIC_ACQ_REL))
		return;
	if (file->f_op->release)
		file->f_op->release(NULL, file);
	kfree(file);
}

long vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret = -ENOTTY;

	flush_signals(current);
	if (file->f_op->unlocked_ioctl)
		ret = file->f_op->unlocked_ioctl(file, cmd, arg);
	flush_signals(current);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/* --- descriptors --- */

int get_unused_fd_flags(unsigned int flags)
{
	int fd = eventfd(0, flags & O_CLOEXEC ? EFD_CLOEXEC : 0);

	return fd < 0 ? -errno : fd;
}

void put_unused_fd(unsigned int fd)
{
	close((int)fd);
}

void fd_install(unsigned int fd, struct file *file)
{
	BUG_ON(!file->install || file->install(file, (int)fd) < 0);
	fput(file);
}

/* --- sync_files --- */

static int end_sync_file(struct inode *inode, struct file *file)
{
	struct sync_file *self = file->private_data;

	(void)inode;
	/* It has no other end than a descriptor's. */
	if (self->native)
		close(dmabuf_sync_file_install(self->native));
	kfree(self);
	return 0;
}

static const struct file_operations sync_file_fops = {
	.release = end_sync_file,
};

static int install_sync_file(struct file *file, int fd)
{
	struct sync_file *self = file->private_data;
	int own = dmabuf_sync_file_install(self->native);
	int flags = fcntl(fd, F_GETFD);
	int ret;

	self->native = NULL;
	ret = dup3(own, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	close(own);
	return ret;
}

struct sync_file *__kcompat_sync_file_create(struct dma_fence *fence)
{
	struct sync_file *self = kzalloc(sizeof(*self), GFP_KERNEL);

	if (!self)
		return NULL;
	self->file = anon_inode_getfile("sync_file", &sync_file_fops, self, O_RDONLY);
	if (IS_ERR(self->file))
		goto err_free;
	self->file->install = install_sync_file;
	self->native = (sync_file_create)(fence);
	if (self->native)
		return self;
	fput(self->file);
	return NULL;

err_free:
	kfree(self);
	return NULL;
}

/* --- memory of the program --- */

static unsigned long copy(void *to, const void *from, unsigned long size, bool from_user)
{
	struct iovec ours = { from_user ? to : (void *)from, size };
	struct iovec theirs = { from_user ? (void *)from : to, size };
	ssize_t done;

	if (from_user)
		done = process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0);
	else
		done = process_vm_writev(getpid(), &ours, 1, &theirs, 1, 0);
	if (done < 0 && errno != EFAULT) {
		memcpy(to, from, size); /* Forbidden here: as any other access then. */
		return 0;
	}
	return size - (done < 0 ? 0 : (unsigned long)done);
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long size)
{
	unsigned long missing = copy(to, from, size, true);

	memset((char *)to + size - missing, 0, missing);
	return missing;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long size)
{
	return copy(to, from, size, false);
}
