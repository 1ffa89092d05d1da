/* SPDX-License-Identifier: MIT */
/**
 * DOC: Devices and scatter/gather tables
 *
 * An importer is a device. It sees a buffer as a list of ranges in *its own* address space, the DMA side of a struct
 * sg_table, and may touch nothing else. A software device reaches the memory behind such an address through
 * dmabuf_device_access(), which refuses what is not mapped, or not in that direction, as an IOMMU would.
 */
#ifndef DMABUF_DEVICE_H
#define DMABUF_DEVICE_H

#include <dmabuf/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t dma_addr_t;

/** enum dma_data_direction - who moves data where; seen from the device */
enum dma_data_direction {
	DMA_BIDIRECTIONAL = 0,
	DMA_TO_DEVICE = 1,	/* the device reads */
	DMA_FROM_DEVICE = 2,	/* the device writes */
	DMA_NONE = 3,
};

/**
 * struct scatterlist - one range
 * @page_link: CPU side: opaque to importers; bit 1 marks the last entry
 * @offset: CPU side: offset in what @page_link names
 * @length: CPU side: bytes
 * @dma_address: address for the device
 * @dma_length: bytes for the device
 */
struct scatterlist {
	unsigned long page_link;
	unsigned int offset;
	unsigned int length;
	dma_addr_t dma_address;
	unsigned int dma_length;
};

/**
 * struct sg_table - a buffer as a device sees it
 * @sgl: entries
 * @nents: entries on the DMA side
 * @orig_nents: entries on the CPU side
 */
struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;
	unsigned int orig_nents;
};

/** define sg_dma_address - device address of an entry */
#define sg_dma_address(sg) ((sg)->dma_address)
/** define sg_dma_len - bytes the device may use at that address */
#define sg_dma_len(sg) ((sg)->dma_length)
/** define for_each_sgtable_dma_sg - visit the DMA side of a table */
#define for_each_sgtable_dma_sg(table, sg, i) \
	for ((i) = 0, (sg) = (table)->sgl; (i) < (table)->nents; (i)++, (sg)++)

/**
 * struct dmabuf_device - something that does DMA
 * @name: for reports; stays the caller's
 * @lock: protects @mappings
 * @mappings: what is mapped for it now
 */
struct dmabuf_device {
	const char *name;
	struct dmabuf_spinlock lock;
	struct dmabuf_list mappings;
	void *reserved[8];
};

/**
 * dmabuf_device_init() - describe a software device
 * @dev: memory of the caller
 * @name: for reports; must live as long as @dev
 *
 * Context: Any.
 * Locks: none.
 * Owns: @name stays with the caller.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; stands for struct device.
 */
DMABUF_API void dmabuf_device_init(struct dmabuf_device *dev, const char *name);

/**
 * dmabuf_device_access() - reach memory as the device does
 * @dev: device
 * @addr: device address from a mapped attachment
 * @size: bytes, all within one mapping
 * @dir: DMA_TO_DEVICE to read, DMA_FROM_DEVICE to write, DMA_BIDIRECTIONAL for both
 * @ret_ptr: where the memory is; untouched on failure
 *
 * Valid until the attachment is unmapped.
 *
 * Context: Any.
 * Locks: takes a lock of the device for a moment.
 * Owns: nothing.
 * Units: @size in bytes.
 * Across: one process; the memory itself may be shared.
 * Return: 0; -EFAULT: the range is not mapped for @dev, or not in this direction; -EINVAL NULL or no direction.
 * Source: ours.
 */
DMABUF_API int dmabuf_device_access(struct dmabuf_device *dev, dma_addr_t addr, size_t size,
				    enum dma_data_direction dir, void **ret_ptr);

#ifdef __cplusplus
}
#endif

#endif
