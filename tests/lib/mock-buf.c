/* SPDX-License-Identifier: MIT */
/* The exporter of tests/lib/mock-buf.h. */
#include <fcntl.h>

#include "mock-buf.h"
#include "mock-fence.h"
#include "test.h"

static struct mock_buf *mock_of_buf(struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

static void write_diary(struct dma_buf *dmabuf, const char *op, bool expect_held)
{
	struct mock_buf *m = mock_of_buf(dmabuf);
	size_t used = strlen(m->diary);

	snprintf(m->diary + used, sizeof(m->diary) - used, "%s%s", used ? " " : "", op);
	if (dma_resv_held(dmabuf->resv) != expect_held)
		m->wrong_lock = op;
}

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	ck_assert_ptr_eq(attachment->dmabuf, dmabuf);
	ck_assert_ptr_nonnull(attachment->dev);
	write_diary(dmabuf, "attach", false);
	return mock_of_buf(dmabuf)->attach_error;
}

static void detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	(void)attachment;
	write_diary(dmabuf, "detach", false);
}

static int pin(struct dma_buf_attachment *attachment)
{
	write_diary(attachment->dmabuf, "pin", true);
	return mock_of_buf(attachment->dmabuf)->pin_error;
}

static void unpin(struct dma_buf_attachment *attachment)
{
	write_diary(attachment->dmabuf, "unpin", true);
}

static struct sg_table *new_table(struct mock_buf *m, size_t size)
{
	struct sg_table *sgt = calloc(1, sizeof(*sgt));

	sgt->sgl = calloc(1, sizeof(*sgt->sgl));
	sgt->nents = 1;
	sgt->orig_nents = 1;
	sgt->sgl->page_link = 2;
	sgt->sgl->length = size;
	sgt->sgl->dma_length = size;
	sgt->sgl->dma_address = 0x100000 + (m->dma_address += 0x100000);
	m->tables++;
	return sgt;
}

static struct sg_table *map_dma_buf(struct dma_buf_attachment *attachment,
				    enum dma_data_direction dir)
{
	struct mock_buf *m = mock_of_buf(attachment->dmabuf);

	write_diary(attachment->dmabuf, "map", true);
	m->dir = dir;
	if (m->map_error)
		return dmabuf_err_ptr(m->map_error);
	return m->map_gives_null ? NULL : new_table(m, attachment->dmabuf->size);
}

static void unmap_dma_buf(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	struct mock_buf *m = mock_of_buf(attachment->dmabuf);

	write_diary(attachment->dmabuf, "unmap", true);
	m->dir = dir;
	m->tables--;
	free(sgt->sgl);
	free(sgt);
}

static void release(struct dma_buf *dmabuf)
{
	struct mock_buf *m = mock_of_buf(dmabuf);

	write_diary(dmabuf, "release", false);
	m->released++;
	if (m->watched)
		m->watched_refs = fence_refs(m->watched);
}

static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	write_diary(dmabuf, "begin", false);
	mock_of_buf(dmabuf)->dir = dir;
	return mock_of_buf(dmabuf)->begin_error;
}

static int end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	write_diary(dmabuf, "end", false);
	mock_of_buf(dmabuf)->dir = dir;
	return mock_of_buf(dmabuf)->end_error;
}

static int map_cpu(struct dma_buf *dmabuf, struct dmabuf_vma *vma)
{
	write_diary(dmabuf, "mmap", false);
	mock_of_buf(dmabuf)->vma = *vma;
	return mock_of_buf(dmabuf)->mmap_error;
}

const struct dma_buf_ops mock_buf_min_ops = {
	.map_dma_buf = map_dma_buf,
	.unmap_dma_buf = unmap_dma_buf,
	.release = release,
};

#define MOST_OPS                                                                                  \
	.attach = attach, .detach = detach, .map_dma_buf = map_dma_buf,                           \
	.unmap_dma_buf = unmap_dma_buf, .release = release, .begin_cpu_access = begin_cpu_access, \
	.end_cpu_access = end_cpu_access, .mmap = map_cpu

const struct dma_buf_ops mock_buf_ops = { MOST_OPS };
const struct dma_buf_ops mock_buf_cache_ops = { .cache_sgt_mapping = true, MOST_OPS };
const struct dma_buf_ops mock_buf_pin_ops = { .pin = pin, .unpin = unpin, MOST_OPS };

void mock_buf_export_with(struct mock_buf *mock, const struct dma_buf_ops *ops, size_t size,
			  int flags, struct dma_resv *resv)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	memset(mock, 0, sizeof(*mock));
	info.exp_name = "mock";
	info.ops = ops;
	info.size = size;
	info.flags = flags;
	info.resv = resv;
	info.priv = mock;
	mock->dmabuf = dma_buf_export(&info);
	expect_ptr(mock->dmabuf);
}

void mock_buf_export(struct mock_buf *mock, const struct dma_buf_ops *ops, size_t size)
{
	mock_buf_export_with(mock, ops, size, O_RDWR, NULL);
}

void expect_diary_at(struct mock_buf *mock, const char *text, const char *file, int line)
{
	ck_assert_msg(!strcmp(mock->diary, text), "%s:%d: the diary is \"%s\" instead of \"%s\"",
		      file, line, mock->diary, text);
	ck_assert_msg(!mock->wrong_lock, "%s:%d: wrong reservation lock state in %s", file, line,
		      mock->wrong_lock);
	mock->diary[0] = '\0';
}

struct sg_table *map_unlocked(struct dma_buf_attachment *attachment, enum dma_data_direction dir)
{
	struct sg_table *sgt;

	dma_resv_lock(attachment->dmabuf->resv, NULL);
	sgt = dma_buf_map_attachment(attachment, dir);
	dma_resv_unlock(attachment->dmabuf->resv);
	return sgt;
}

void unmap_unlocked(struct dma_buf_attachment *attachment, struct sg_table *sgt,
		    enum dma_data_direction dir)
{
	dma_resv_lock(attachment->dmabuf->resv, NULL);
	dma_buf_unmap_attachment(attachment, sgt, dir);
	dma_resv_unlock(attachment->dmabuf->resv);
}

static const struct dma_buf_ops *watched_ops;
static struct dma_buf_ops watching_ops;
static unsigned int releases;

static void count_release(struct dma_buf *dmabuf)
{
	__atomic_fetch_add(&releases, 1, __ATOMIC_RELAXED);
	watched_ops->release(dmabuf);
}

void watch_release(struct dma_buf *dmabuf)
{
	watched_ops = dmabuf->ops;
	watching_ops = *dmabuf->ops;
	watching_ops.release = count_release;
	dmabuf->ops = &watching_ops;
}

unsigned int watched_releases(void)
{
	return __atomic_load_n(&releases, __ATOMIC_RELAXED);
}
