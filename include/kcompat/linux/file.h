/* SPDX-License-Identifier: MIT */
/* Files and file descriptors. There is no fget(): a descriptor does not lead back to a struct file. */
#ifndef KCOMPAT_LINUX_FILE_H
#define KCOMPAT_LINUX_FILE_H

#include <linux/fs.h>

struct file *get_file(struct file *file) KCOMPAT_API(get_file);
/* The last one calls the driver's release. */
void fput(struct file *file) KCOMPAT_API(fput);

/* Reserve a number; until fd_install() it is an empty file. -EMFILE, -ENFILE. */
int get_unused_fd_flags(unsigned int flags) KCOMPAT_API(get_unused_fd_flags);
void put_unused_fd(unsigned int fd) KCOMPAT_API(put_unused_fd);
/* Put @file behind @fd, which takes over the caller's reference. Fatal for a file that cannot have one. */
void fd_install(unsigned int fd, struct file *file) KCOMPAT_API(fd_install);

#endif
