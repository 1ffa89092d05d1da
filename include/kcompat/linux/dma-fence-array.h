/* SPDX-License-Identifier: MIT */
#ifndef KCOMPAT_LINUX_DMA_FENCE_ARRAY_H
#define KCOMPAT_LINUX_DMA_FENCE_ARRAY_H

#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <dmabuf/dma-fence-array.h>

#endif
