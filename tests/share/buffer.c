/* SPDX-License-Identifier: MIT */
/* A buffer in two processes: one memory, one identity, one life. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <dmabuf/device.h>
#include <dmabuf/dma-heap.h>

#include "mock-buf.h"
#include "puppet.h"

#define PAGE 4096ul

static struct puppet p;

static struct dma_buf *heap_buf(size_t size, unsigned int flags)
{
	struct dma_buf *buf = dma_heap_buffer_alloc(dma_heap_find("system"), size, flags, 0);

	expect_ptr(buf);
	return buf;
}

/* Make a buffer in the puppet and get it. */
static struct dma_buf *get_far_buf(size_t size, int flags)
{
	puppet_start(&p);
	ask_ok(&p, far_buf_alloc, (long)size, flags);
	ask_ok(&p, far_buf_send, 0, 0);
	return receive_buf(&p);
}

/* The release op runs on the service thread or in a reap, whoever comes first. */
static const struct dma_buf_ops *heap_ops;
static struct dma_buf_ops counting_ops;
static unsigned int releases;	/* atomic */

static void count_release(struct dma_buf *buf)
{
	__atomic_add_fetch(&releases, 1, __ATOMIC_RELAXED);
	heap_ops->release(buf);
}

/* From now on; what is no heap's buffer by its ops is not sent. */
static void count_releases(struct dma_buf *buf)
{
	heap_ops = buf->ops;
	counting_ops = *buf->ops;
	counting_ops.release = count_release;
	buf->ops = &counting_ops;
}

static unsigned int num_releases(void)
{
	return __atomic_load_n(&releases, __ATOMIC_RELAXED);
}

static bool is_released(void)
{
	dmabuf_buf_reap();
	return num_releases();
}

/* --- contents --- */

/* spec: design.md D6 "for heap buffers both are the same file"; 6 "no silent fallback to copying" */
TEST(what_one_process_writes_the_other_reads)
{
	struct dma_buf *buf = get_far_buf(4 * PAGE, O_RDWR);

	ck_assert_uint_eq(buf->size, 4 * PAGE);
	ck_assert_uint_eq(buf_peek(buf, 0), 0);
	ask_ok(&p, far_buf_poke, 0, 0x1122334455667788);
	ck_assert_uint_eq(buf_peek(buf, 0), 0x1122334455667788);
	ck_assert_int_eq(buf_poke(buf, 4 * PAGE - 8, 0x8877665544332211), 0);
	ck_assert_int_eq(ask(&p, far_buf_peek, 4 * PAGE - 8, 0), (long)0x8877665544332211);
	dma_buf_put(buf);
	puppet_end(&p);
}

static long far_buf_inode(long unused, long unused2)
{
	struct stat st;
	int fd;

	(void)unused;
	(void)unused2;
	get_dma_buf(far_buf);
	fd = dma_buf_fd(far_buf, O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	close(fd);
	return (long)st.st_ino;
}

/* spec: design.md D6 "identity is the inode" */
TEST(both_processes_hold_the_same_file)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDWR);
	struct stat st;
	int fd;

	get_dma_buf(buf);
	fd = dma_buf_fd(buf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(lseek(fd, 0, SEEK_END), PAGE);
	ck_assert_int_eq(ask(&p, far_buf_inode, 0, 0), (long)st.st_ino);
	close(fd);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* spec: buf.md attach and map; a received buffer is an ordinary dma_buf */
TEST(a_device_here_reads_what_the_other_process_wrote)
{
	struct dma_buf *buf = get_far_buf(2 * PAGE, O_RDWR);
	struct dma_buf_attachment *attach;
	struct dmabuf_device dev;
	struct sg_table *sgt;
	void *seen;

	ask_ok(&p, far_buf_poke, 8, 4711);
	dmabuf_device_init(&dev, "reader");
	attach = dma_buf_attach(buf, &dev);
	expect_ptr(attach);
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	expect_ptr(sgt);
	ck_assert_uint_eq(sgt->sgl[0].dma_length, 2 * PAGE);
	ck_assert_int_eq(dmabuf_device_access(&dev, sgt->sgl[0].dma_address, 2 * PAGE, DMA_TO_DEVICE, &seen), 0);
	ck_assert_uint_eq(((uint64_t *)seen)[1], 4711);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(buf, attach);
	dma_buf_put(buf);
	puppet_end(&p);
}

static const size_t sizes[] = { 4096, 8192, 4096 * 100, 3 << 20, 64 << 20 };

/* spec: design.md D6 "a memfd inode of exactly the buffer's size" */
TEST_EACH(a_buffer_of_any_size_keeps_its_size, 0, 5)
{
	struct dma_buf *buf = get_far_buf(sizes[_i], O_RDWR);

	ck_assert_uint_eq(buf->size, sizes[_i]);
	ask_ok(&p, far_buf_poke, (long)sizes[_i] - 8, 99);
	ck_assert_uint_eq(buf_peek(buf, sizes[_i] - 8), 99);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* --- identity --- */

/* spec: design.md D6 "identity is the inode, never the fd number" */
TEST(the_same_buffer_received_twice_is_one_object)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDWR), *again;

	ask_ok(&p, far_buf_send, 0, 0);
	again = receive_buf(&p);
	ck_assert_ptr_eq(again, buf);
	dma_buf_put(again);
	ck_assert_uint_eq(buf_peek(buf, 0), 0);
	dma_buf_put(buf);
	puppet_end(&p);
}

static long far_receive_two(long unused, long unused2)
{
	struct dma_buf *bufs[2];
	struct dmabuf_share_msg msg = { .bufs = bufs, .num_bufs = 2 };
	int ret = dmabuf_share_recv(far_share(), &msg, 1000 * MS), same;

	(void)unused;
	(void)unused2;
	if (ret < 0)
		return ret;
	same = msg.num_bufs == 2 && bufs[0] == bufs[1];
	dma_buf_put(bufs[0]);
	dma_buf_put(bufs[1]);
	return same;
}

/* spec: design.md D6 identity, within one message */
TEST(a_message_may_carry_one_buffer_twice)
{
	struct dma_buf *mine, *both[2];
	struct dmabuf_share_msg msg = { .bufs = both, .num_bufs = 2 };

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	both[0] = both[1] = mine;
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(ask(&p, far_receive_two, 0, 0), 1);
	dma_buf_put(mine);
	puppet_end(&p);
}

/* spec: design.md D6 identity; two connections to one process make no difference */
TEST(the_same_buffer_by_two_connections_is_one_object)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDWR), *again = NULL;
	struct dmabuf_share *second = puppet_connect(&p);

	ask_ok(&p, far_buf_send, 0, 0);
	ck_assert_int_eq(share_receive(second, &again, NULL, 1000 * MS), 0);
	ck_assert_ptr_eq(again, buf);
	dma_buf_put(again);
	dma_buf_put(buf);
	dmabuf_share_close(second);
	puppet_end(&p);
}

/* spec: buf.md 4: importing one's own export gives the original; design.md D6 */
TEST(ones_own_buffer_comes_back_as_itself)
{
	struct dma_buf *mine, *back;

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	ck_assert_int_eq(send_buf(p.share, mine), 0);
	ask_ok(&p, far_buf_receive, 0, 0);
	ask_ok(&p, far_buf_send, 0, 0);
	back = receive_buf(&p);
	ck_assert_ptr_eq(back, mine);
	ck_assert_str_eq(back->exp_name, "system");
	dma_buf_put(back);
	dma_buf_put(mine);
	puppet_end(&p);
}

/* spec: design.md D6, D7: an exporter that has let go finds its own object while others keep the file */
TEST(ones_own_buffer_comes_back_as_itself_after_the_last_put)
{
	struct dma_buf *mine, *back;

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	ck_assert_int_eq(buf_poke(mine, 0, 7), 0);
	ck_assert_int_eq(send_buf(p.share, mine), 0);
	ask_ok(&p, far_buf_receive, 0, 0);
	dma_buf_put(mine);
	ask_ok(&p, far_buf_send, 0, 0);
	back = receive_buf(&p);
	ck_assert_ptr_eq(back, mine);
	ck_assert_uint_eq(buf_peek(back, 0), 7);
	dma_buf_put(back);
	puppet_end(&p);
}

static long far_get_by_fd(long unused, long unused2)
{
	struct dma_buf *again;
	int fd, same;

	(void)unused;
	(void)unused2;
	get_dma_buf(far_buf);
	fd = dma_buf_fd(far_buf, O_CLOEXEC);
	if (fd < 0)
		return fd;
	again = dma_buf_get(fd);
	close(fd);
	same = again == far_buf;
	if (!dmabuf_is_err(again))
		dma_buf_put(again);
	return same;
}

/* spec: buf.md dma_buf_get; a received buffer has fds like any other */
TEST(an_fd_of_a_received_buffer_leads_back_to_it)
{
	struct dma_buf *mine;

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	ck_assert_int_eq(send_buf(p.share, mine), 0);
	ask_ok(&p, far_buf_receive, 0, 0);
	ck_assert_int_eq(ask(&p, far_get_by_fd, 0, 0), 1);
	dma_buf_put(mine);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "those with memory of their own (a heap's, or received)" */
TEST(a_received_buffer_is_passed_on_to_a_third_process)
{
	struct puppet two[2];
	struct dma_buf *buf;

	puppets_start(two, 2);
	ask_ok(&two[0], far_buf_alloc, PAGE, O_RDWR);
	ask_ok(&two[0], far_buf_poke, 16, 31337);
	ask_ok(&two[0], far_buf_send, 0, 0);
	buf = receive_buf(&two[0]);
	ck_assert_int_eq(send_buf(two[1].share, buf), 0);
	dma_buf_put(buf);
	ask_ok(&two[1], far_buf_receive, 0, 0);
	puppet_kill(&two[0]);
	ck_assert_int_eq(ask(&two[1], far_buf_peek, 16, 0), 31337);
	puppets_end(two, 2);
}

/* spec: share.h dmabuf_share_send "-EOPNOTSUPP ... buffer of another kind" */
TEST(a_buffer_without_memory_of_its_own_is_not_sent)
{
	static struct mock_buf mock;

	puppet_start(&p);
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	ck_assert_int_eq(send_buf(p.share, mock.dmabuf), -EOPNOTSUPP);
	ck_assert_uint_eq(mock.released, 0);
	dma_buf_put(mock.dmabuf);
	ck_assert_uint_eq(mock.released, 1);
	puppet_end(&p);
}

/* --- access --- */

/* spec: buf.md 3 mmap of a buffer exported O_RDONLY; design-sharing.md 4 "read-only is a property of the buffer" */
TEST(a_read_only_buffer_is_read_only_for_the_receiver)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDONLY);
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ | PROT_WRITE };
	int fd;

	ck_assert_int_eq(dma_buf_mmap(buf, &vma, 0), -EACCES);
	ck_assert_int_eq(buf_poke(buf, 0, 1), -EACCES);
	ck_assert_uint_eq(buf_peek(buf, 0), 0);
	get_dma_buf(buf);
	fd = dma_buf_fd(buf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_ptr_eq(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), -1);
	close(fd);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* spec: design-sharing.md 4 "(write seal for all but the exporter)": another open of the file gives no more rights */
TEST(a_read_only_buffer_cannot_be_opened_again_for_writing)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDONLY);
	char path[32];
	int fd, again;

	fd = dma_buf_fd(buf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_msg(again < 0 || pwrite(again, "x", 1, 0) < 0, "the receiver wrote into a read-only buffer");
	if (again >= 0)
		close(again);
	close(fd);
	puppet_end(&p);
}

/* spec: design.md D6 "sealed SHRINK|GROW" */
TEST(the_receiver_cannot_change_the_size)
{
	struct dma_buf *buf = get_far_buf(2 * PAGE, O_RDWR);
	int fd = dma_buf_fd(buf, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, PAGE), -1);
	ck_assert_int_eq(ftruncate(fd, 4 * PAGE), -1);
	close(fd);
	puppet_end(&p);
}

/* --- life --- */

static struct dma_buf *send_watched_buf(void)
{
	struct dma_buf *mine;

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	ck_assert_int_eq(send_buf(p.share, mine), 0);
	count_releases(mine);
	ask_ok(&p, far_buf_receive, 0, 0);
	return mine;
}

/* spec: design.md D7 "life ends with the last holder anywhere" */
TEST(the_exporter_releases_when_the_receiver_lets_go)
{
	struct dma_buf *mine = send_watched_buf();

	dma_buf_put(mine);
	sleep_ms(5);
	ck_assert(!is_released());
	ask_ok(&p, far_buf_put, 0, 0);
	ck_assert(EVENTUALLY(is_released()));
	ck_assert_uint_eq(num_releases(), 1);
	puppet_end(&p);
}

/* spec: design.md D7: the exporter's own reference counts like any other's */
TEST(the_exporter_keeps_the_buffer_when_the_receiver_lets_go_first)
{
	struct dma_buf *mine = send_watched_buf();

	ask_ok(&p, far_buf_put, 0, 0);
	sleep_ms(5);
	ck_assert(!is_released());
	ck_assert_int_eq(buf_poke(mine, 0, 5), 0);
	dma_buf_put(mine);
	ck_assert(EVENTUALLY(is_released()));
	ck_assert_uint_eq(num_releases(), 1);
	puppet_end(&p);
}

/* spec: design.md D7 "kill -9 included" */
TEST(the_exporter_releases_when_the_receiver_is_killed)
{
	struct dma_buf *mine = send_watched_buf();

	dma_buf_put(mine);
	sleep_ms(5);
	ck_assert(!is_released());
	puppet_kill(&p);
	ck_assert(EVENTUALLY(is_released()));
	ck_assert_uint_eq(num_releases(), 1);
	puppet_end(&p);
}

static long far_map_and_put(long unused, long unused2)
{
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ };
	int ret = dma_buf_mmap(far_buf, &vma, 0);

	(void)unused;
	far_buf_put(0, unused2);
	return ret < 0 ? ret : (long)vma.vm_start;
}

static long far_unmap(long start, long unused)
{
	(void)unused;
	return munmap((void *)start, PAGE);
}

/* spec: design.md D7 "the last fd *and* the last mapping in any process are gone" */
TEST(a_mapping_in_the_receiver_keeps_the_buffer)
{
	struct dma_buf *mine = send_watched_buf();
	long start = ask(&p, far_map_and_put, 0, 0);

	ck_assert_int_gt(start, 0);
	dma_buf_put(mine);
	sleep_ms(5);
	ck_assert(!is_released());
	ask_ok(&p, far_unmap, start, 0);
	ck_assert(EVENTUALLY(is_released()));
	puppet_end(&p);
}

/* spec: design.md D7: a file in a message that nobody has read is held by somebody */
TEST(a_message_on_its_way_keeps_the_buffer)
{
	struct dma_buf *mine;

	puppet_start(&p);
	mine = heap_buf(PAGE, O_RDWR);
	ck_assert_int_eq(send_buf(p.share, mine), 0);
	count_releases(mine);
	dma_buf_put(mine);
	sleep_ms(5);
	ck_assert(!is_released());
	ask_ok(&p, far_close, 0, 0);
	ck_assert(EVENTUALLY(is_released()));
	puppet_end(&p);
}

/* spec: design-sharing.md 3 exporter dies: "memory, mappings and fds live on ... CPU access works" */
TEST(the_receiver_keeps_the_memory_of_a_killed_exporter)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDWR);

	ask_ok(&p, far_buf_poke, 0, 12345);
	puppet_kill(&p);
	ck_assert_int_eq(dma_buf_begin_cpu_access(buf, DMA_BIDIRECTIONAL), 0);
	ck_assert_uint_eq(buf_peek(buf, 0), 12345);
	ck_assert_int_eq(buf_poke(buf, 0, 54321), 0);
	ck_assert_uint_eq(buf_peek(buf, 0), 54321);
	ck_assert_int_eq(dma_buf_end_cpu_access(buf, DMA_BIDIRECTIONAL), 0);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_close "buffers and fences that came through it live on" */
TEST(a_buffer_outlives_the_connection)
{
	struct dma_buf *buf = get_far_buf(PAGE, O_RDWR);

	dmabuf_share_close(p.share);
	p.share = NULL;
	ask_ok(&p, far_buf_poke, 0, 77);
	ck_assert_uint_eq(buf_peek(buf, 0), 77);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* spec: style.md 6 "count fds before and after", after many */
TEST(a_thousand_round_trips_leave_nothing_behind)
{
	struct dma_buf *buf;
	int fds = 0;

	puppet_start(&p);
	for (int i = 0; i < 1000; i++) {
		buf = heap_buf(PAGE, O_RDWR);
		ck_assert_int_eq(send_buf(p.share, buf), 0);
		ask_ok(&p, far_buf_receive, 0, 0);
		ask_ok(&p, far_buf_send, 0, 0);
		ask_ok(&p, far_buf_put, 0, 0);
		dma_buf_put(receive_buf(&p));
		dma_buf_put(buf);
		if (i == 10)
			fds = count_fds();
	}
	ck_assert(EVENTUALLY(count_fds() <= fds));
	puppet_end(&p);
}
