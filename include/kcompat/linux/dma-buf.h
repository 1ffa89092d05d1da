/* SPDX-License-Identifier: MIT */
/* Both headers of this name: the one for programs, and the one for drivers. */
#ifndef KCOMPAT_LINUX_DMA_BUF_H
#define KCOMPAT_LINUX_DMA_BUF_H

#include_next <linux/dma-buf.h>

#include <linux/dma-fence.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/wait.h>

#include <dmabuf/dma-buf.h>

#endif
