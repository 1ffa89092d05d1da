/* SPDX-License-Identifier: MIT */
/*
 * Files that a driver implements. There is no file system behind them: whoever wants to use a driver makes a file with
 * anon_inode_getfile() and calls it through vfs_ioctl().
 */
#ifndef KCOMPAT_LINUX_FS_H
#define KCOMPAT_LINUX_FS_H

#include_next <linux/fs.h>

#include <fcntl.h>

#include <linux/kernel.h>
#include <linux/sched/signal.h>

struct file;
struct inode;			/* never anything but NULL */
struct module;
struct poll_table_struct;
struct vm_area_struct;

/* The operations that are called; a driver that sets another one does not compile. */
struct file_operations {
	struct module *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);	/* never called */
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
	unsigned int f_flags;
	/* private: */
	unsigned int usage;
	int (*install)(struct file *file, int fd);	/* put it behind @fd; NULL: it cannot have one */
};

/* A 64-bit program calls a 64-bit driver. */
#define compat_ptr_ioctl NULL

/* A new file, without calling @fops->open. Error pointers: -ENOMEM. */
struct file *anon_inode_getfile(const char *name, const struct file_operations *fops, void *priv, int flags)
	KCOMPAT_API(anon_inode_getfile);
/* Calls the driver as ioctl() would. -ENOTTY when it has no such operation. */
long vfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg) KCOMPAT_API(vfs_ioctl);

#endif
