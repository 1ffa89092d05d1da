/* SPDX-License-Identifier: MIT */
/*
 * Layer: buf. Software devices: what is mapped for one, and at which device address.
 *
 * Called by: exporters of plain memory for map_dma_buf, the author of a device to reach what is mapped.
 *
 * A device address is, in this version, the address of the mapping in this process; nobody outside this file may know.
 *
 * Invariant: an access succeeds only inside a mapping that exists now, and in its direction.
 */
#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/spinlock.h"
#include "src/buf/device-map.h"

#define SG_LAST 2ul
#define ENTRY_MAX 0x80000000ul	/* a table's entry counts its bytes in 32 bits */
#define PROT_READ_BIT 1		/* PROT_READ */
#define PROT_WRITE_BIT 2	/* PROT_WRITE */

/* One buffer, together with the table that describes it. */
struct mapping {
	struct dmabuf_list node;	/* in the device's list while it is open to the device */
	char *ptr;
	size_t size;
	unsigned int opened;		/* enters without a leave */
	enum dma_data_direction dir;	/* what the device may do */
	struct sg_table table;
	struct scatterlist entries[];
};

void dmabuf_device_init(struct dmabuf_device *dev, const char *name)
{
	dev->name = name;
	dmabuf_spinlock_init(&dev->lock);
	list_reset(&dev->mappings);
}

static void fill_table(struct mapping *mapping, struct dmabuf_memory *memory, unsigned int num)
{
	size_t done = 0;

	for (unsigned int i = 0; i < num; i++) {
		struct scatterlist *sg = &mapping->entries[i];
		size_t left = mapping->size - done;

		sg->page_link = (unsigned long)(uintptr_t)memory | (i == num - 1 ? SG_LAST : 0);
		sg->length = sg->dma_length = (unsigned int)(left < ENTRY_MAX ? left : ENTRY_MAX);
		sg->dma_address = (dma_addr_t)(uintptr_t)(mapping->ptr + done);
		done += sg->dma_length;
	}
	mapping->table.sgl = mapping->entries;
	mapping->table.nents = mapping->table.orig_nents = num;
}

struct sg_table *dmabuf_device_prepare(struct dmabuf_device *dev, struct dmabuf_memory *memory, bool writable)
{
	unsigned int num = (unsigned int)((memory->size + ENTRY_MAX - 1) / ENTRY_MAX);
	struct mapping *mapping = dmabuf_base_alloc(sizeof(*mapping) + num * sizeof(mapping->entries[0]));
	int prot = writable ? PROT_READ_BIT | PROT_WRITE_BIT : PROT_READ_BIT;
	void *ptr;
	int ret;

	(void)dev; /* A device with an address space of its own will choose the addresses here. */
	if (!mapping)
		return dmabuf_err_ptr(-ENOMEM);
	ret = dmabuf_base_memory_map(memory, 0, memory->size, prot, NULL, &ptr);
	if (ret < 0) {
		dmabuf_base_free(mapping);
		return dmabuf_err_ptr(ret);
	}
	list_reset(&mapping->node);
	mapping->ptr = ptr;
	mapping->size = memory->size;
	fill_table(mapping, memory, num);
	return &mapping->table;
}

void dmabuf_device_enter(struct dmabuf_device *dev, struct sg_table *sgt, enum dma_data_direction dir)
{
	struct mapping *mapping = base_container(sgt, struct mapping, table);

	spin_lock(&dev->lock);
	if (mapping->opened++ == 0) {
		mapping->dir = dir;
		list_insert_after(&dev->mappings, &mapping->node);
	} else if (mapping->dir != dir) {
		mapping->dir = DMA_BIDIRECTIONAL;
	}
	spin_unlock(&dev->lock);
}

void dmabuf_device_leave(struct dmabuf_device *dev, struct sg_table *sgt)
{
	struct mapping *mapping = base_container(sgt, struct mapping, table);

	spin_lock(&dev->lock);
	if (mapping->opened && --mapping->opened == 0)
		list_remove(&mapping->node);
	spin_unlock(&dev->lock);
}

void dmabuf_device_release(struct dmabuf_device *dev, struct sg_table *sgt)
{
	struct mapping *mapping = base_container(sgt, struct mapping, table);

	spin_lock(&dev->lock);
	list_remove(&mapping->node);
	spin_unlock(&dev->lock);
	dmabuf_base_memory_unmap(mapping->ptr, mapping->size);
	dmabuf_base_free(mapping);
}

static bool allows(const struct mapping *mapping, enum dma_data_direction dir)
{
	return mapping->dir == DMA_BIDIRECTIONAL || mapping->dir == dir;
}

int dmabuf_device_access(struct dmabuf_device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir,
			 void **ret_ptr)
{
	struct dmabuf_list *pos;
	int ret = -EFAULT;

	if (!dev || !ret_ptr || (dir != DMA_BIDIRECTIONAL && dir != DMA_TO_DEVICE && dir != DMA_FROM_DEVICE))
		return -EINVAL;
	spin_lock(&dev->lock);
	list_for_each(pos, &dev->mappings) {
		struct mapping *mapping = base_container(pos, struct mapping, node);
		uint64_t offset = addr - (uint64_t)(uintptr_t)mapping->ptr;

		if (addr >= (uint64_t)(uintptr_t)mapping->ptr && offset < mapping->size && size <= mapping->size - offset &&
		    allows(mapping, dir)) {
			*ret_ptr = mapping->ptr + offset;
			ret = 0;
			break;
		}
	}
	spin_unlock(&dev->lock);
	return ret;
}
