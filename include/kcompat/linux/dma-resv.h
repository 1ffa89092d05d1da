/* SPDX-License-Identifier: MIT */
#ifndef KCOMPAT_LINUX_DMA_RESV_H
#define KCOMPAT_LINUX_DMA_RESV_H

#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/ww_mutex.h>

#include <dmabuf/dma-resv.h>

#endif
