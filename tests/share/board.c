/* SPDX-License-Identifier: MIT */
/* Timelines and the board they stand on: the rules of an advance, slots that are used again, and who may write. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "mock-fence.h"
#include "puppet.h"
#include "src/share/wire.h"
#include "threads.h"

static struct puppet p;

/* --- rules of a timeline --- */

static struct dmabuf_timeline *new_timeline(void)
{
	struct dmabuf_timeline *timeline = dmabuf_timeline_create("test");

	expect_ptr(timeline);
	return timeline;
}

static struct dma_fence *issue(struct dmabuf_timeline *timeline)
{
	struct dma_fence *fence = dmabuf_timeline_fence(timeline);

	expect_ptr(fence);
	return fence;
}

/* spec: share.h dmabuf_timeline_fence "its seqno is one more than that of the last" */
TEST(fences_are_numbered_from_one)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *a = issue(timeline), *b = issue(timeline);

	ck_assert_uint_eq(a->seqno, 1);
	ck_assert_uint_eq(b->seqno, 2);
	ck_assert_uint_eq(a->context, b->context);
	ck_assert_str_eq(a->ops->get_timeline_name(a), "test");
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 2), 0);
	put_fences(a, b);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_timeline_create "copied, cut at 31 bytes" */
TEST(a_long_name_is_cut)
{
	char name[] = "0123456789012345678901234567890123456789";
	struct dmabuf_timeline *timeline = dmabuf_timeline_create(name);
	struct dma_fence *f = issue(timeline);

	name[0] = 'x';
	ck_assert_str_eq(f->ops->get_timeline_name(f), "0123456789012345678901234567890");
	dma_fence_put(f);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_timeline_advance "-EINVAL beyond what was issued" */
TEST(an_advance_beyond_what_was_issued_is_refused)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f;

	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), -EINVAL);
	f = issue(timeline);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 2), -EINVAL);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, UINT64_MAX), -EINVAL);
	ck_assert(!dma_fence_is_signaled(f));
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_timeline_advance "smaller than or equal to what was reached before changes nothing" */
TEST(an_advance_backwards_changes_nothing)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f[3] = { issue(timeline), issue(timeline), issue(timeline) };

	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 0), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 2), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 2), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 0), 0);
	ck_assert(dma_fence_is_signaled(f[0]));
	ck_assert(dma_fence_is_signaled(f[1]));
	ck_assert(!dma_fence_is_signaled(f[2]));
	dmabuf_timeline_destroy(timeline);
	ck_assert_int_eq(dma_fence_get_status(f[2]), -ECANCELED);
	put_fences(f[0], f[1], f[2]);
}

/* spec: share.h dmabuf_timeline_fail, "-EINVAL not an error number", "-ECANCELED it has failed before" */
TEST(after_a_failure_nothing_goes_on)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f = issue(timeline);

	ck_assert_int_eq(dmabuf_timeline_fail(timeline, 0), -EINVAL);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, 5), -EINVAL);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -4096), -EINVAL);
	ck_assert_int_eq(dma_fence_get_status(f), 0);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), 0);
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), -ECANCELED);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), -ECANCELED);
	expect_err_ptr(dmabuf_timeline_fence(timeline), -ECANCELED);
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	dma_fence_put(f);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_timeline_fail "no more fences are given out" */
TEST(an_idle_timeline_can_fail)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f = issue(timeline);

	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	expect_err_ptr(dmabuf_timeline_fence(timeline), -ECANCELED);
	dma_fence_put(f);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_timeline_destroy "-ECANCELED", callbacks run */
TEST(a_destroyed_timeline_runs_its_callbacks)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f = issue(timeline);
	struct mock_cb cb;

	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	dmabuf_timeline_destroy(timeline);
	ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	ck_assert_int_eq(cb.status, -ECANCELED);
	ck_assert_int_eq(dma_fence_get_status(f), -ECANCELED);
	dma_fence_put(f);
}

/* spec: share.h dmabuf_timeline_advance, here; callbacks in the order of the numbers whatever order they came in */
TEST(callbacks_of_a_timeline_run_in_its_order)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f[4] = { issue(timeline), issue(timeline), issue(timeline), issue(timeline) };
	static const int added[4] = { 2, 0, 3, 1 };
	struct mock_cb cbs[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(mock_cb_add(f[added[i]], &cbs[added[i]]), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 3), 0);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(mock_cb_ran(&cbs[i]), 1);
		ck_assert_uint_eq(cbs[i].order, i);
	}
	ck_assert_uint_eq(mock_cb_ran(&cbs[3]), 0);
	dmabuf_timeline_destroy(timeline);
	ck_assert_uint_eq(mock_cb_ran(&cbs[3]), 1);
	put_fences(f[0], f[1], f[2], f[3]);
}

/* spec: dma-fence.h dma_fence_timestamp: when it signalled, not when somebody looked */
TEST(waits_in_the_owners_process_end_with_the_advance)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *f = issue(timeline);

	ck_assert_int_eq(dma_fence_wait_timeout(f, false, 5 * MS), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, 5 * MS), 0);
	dma_fence_put(f);
	dmabuf_timeline_destroy(timeline);
}

/* --- slots that are used again --- */

/* Make, use up and destroy many timelines. */
static long far_churn(long count, long unused)
{
	(void)unused;
	for (long i = 0; i < count; i++) {
		struct dmabuf_timeline *timeline = dmabuf_timeline_create("churn");
		struct dma_fence *fence;

		if (dmabuf_is_err(timeline))
			return dmabuf_ptr_err(timeline);
		fence = dmabuf_timeline_fence(timeline);
		if (dmabuf_is_err(fence))
			return dmabuf_ptr_err(fence);
		dmabuf_timeline_advance(timeline, 1);
		if (!dma_fence_is_signaled(fence))
			return -EIO;
		dma_fence_put(fence);
		dmabuf_timeline_destroy(timeline);
		if (i % 1000 == 0)
			dmabuf_barrier();
	}
	return 0;
}

/* spec: design-sharing.md 1 "recycle only when all is signalled"; the board has 65536 slots */
TEST(a_hundred_thousand_timelines_fit_and_old_fences_stay_done)
{
	struct dma_fence *old, *alive, *fresh;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	ask_ok(&p, far_create, 1, 0);
	old = next_fence(&p, 0);
	alive = next_fence(&p, 1);
	ask_ok(&p, far_advance, 0, 1);
	ask_ok(&p, far_destroy, 0, 0);
	ask_ok(&p, far_forget, 0, 0);
	ask_ok(&p, far_churn, 100000, 0);
	/* Nobody here has looked at it until now, when its slot has been another's many times. */
	ck_assert(dma_fence_is_signaled(old));
	ck_assert_int_eq(dma_fence_get_status(old), 1);
	ck_assert(!dma_fence_is_signaled(alive));
	ask_ok(&p, far_create, 2, 0);
	fresh = next_fence(&p, 2);
	ck_assert(!dma_fence_is_signaled(fresh));
	ck_assert_uint_ne(fresh->context, old->context);
	ask_ok(&p, far_advance, 1, 1);
	ck_assert_int_eq(dma_fence_get_status(alive), 1);
	ck_assert(!dma_fence_is_signaled(fresh));
	ask_ok(&p, far_advance, 2, 1);
	ck_assert_int_eq(dma_fence_get_status(fresh), 1);
	put_fences(old, alive, fresh);
	puppet_end(&p);
}

/* A timeline that takes its predecessor's slot. */
static long far_renew(long t, long unused)
{
	far_destroy(t, unused);
	far_forget(t, unused);
	dmabuf_barrier();
	return far_create(t, unused);
}

/* spec: design-sharing.md 1 "a reader takes ctx, seqno, ctx again; ctx mismatch = signalled" */
TEST(a_slots_old_and_new_fences_are_not_mixed_up)
{
	struct dma_fence *last = NULL;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	for (int i = 0; i < 200; i++) {
		struct dma_fence *f = next_fence(&p, 0);

		ck_assert(!dma_fence_is_signaled(f));
		if (last) {
			ck_assert_uint_ne(f->context, last->context);
			ck_assert_int_eq(dma_fence_get_status(last), 1);
			dma_fence_put(last);
		}
		ask_ok(&p, far_advance, 0, 1);
		ask_ok(&p, far_renew, 0, 0);
		last = f;
	}
	ck_assert_int_eq(dma_fence_get_status(last), 1);
	dma_fence_put(last);
	puppet_end(&p);
}

/* spec: share.h dmabuf_timeline_fail; design-sharing.md 1 "err_count": the error outlives the timeline */
TEST(the_error_of_a_destroyed_timeline_is_not_lost_to_its_successors)
{
	struct dma_fence *failed;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	failed = next_fence(&p, 0);
	ask_ok(&p, far_fail, 0, -EIO);
	for (int i = 0; i < 100; i++)
		ask_ok(&p, far_renew, 0, 0);
	ask_ok(&p, far_churn, 1000, 0);
	ck_assert_int_eq(dma_fence_get_status(failed), -EIO);
	dma_fence_put(failed);
	puppet_end(&p);
}

/* A sleeper on a fence while the slots around it change hands. */
static long far_churn_then_advance(long t, long count)
{
	long ret = far_churn(count, 0);

	return ret < 0 ? ret : far_advance(t, 1);
}

/* spec: design-sharing.md 1 "the event word is never reset" */
TEST(a_wait_survives_the_recycling_of_other_slots)
{
	struct dma_fence *f;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	f = next_fence(&p, 0);
	tell(&p, far_churn_then_advance, 0, 5000);
	ck_assert_int_eq(dma_fence_wait(f, false), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	ck_assert_int_eq(answer(&p), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

static long far_slots_left(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	for (long num = 0; num <= BOARD_SLOTS; num++) {
		struct dmabuf_timeline *timeline = dmabuf_timeline_create("many");

		if (dmabuf_is_err(timeline))
			return dmabuf_ptr_err(timeline) == -ENOSPC ? num : dmabuf_ptr_err(timeline);
	}
	return -E2BIG;
}

/* spec: share.h dmabuf_timeline_create "-ENOSPC: no room on the board" */
TEST(a_full_board_is_reported)
{
	puppet_start(&p);
	ck_assert_int_ge(ask(&p, far_slots_left, 0, 0), BOARD_SLOTS - 16);
	ck_assert_int_eq(ask(&p, far_create, 0, 0), -ENOSPC);
	puppet_end(&p);
}

/* --- who may write --- */

/* The board's fd, out of the HELLO of a process that believes to be connecting. */
static int take_board_fd(void)
{
	char bytes[256], control[256] __attribute__((aligned(8)));
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	int files[HELLO_FILES], socks[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	ck_assert(dmabuf_is_err(dmabuf_share_connect(socks[0], MS)));
	ck_assert_int_eq(recvmsg(socks[1], &msg, MSG_CMSG_CLOEXEC), sizeof(struct wire_hello));
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg && cmsg->cmsg_type != SCM_RIGHTS; cmsg = CMSG_NXTHDR(&msg, cmsg))
		;
	ck_assert_ptr_nonnull(cmsg);
	ck_assert_uint_eq(cmsg->cmsg_len, CMSG_LEN(sizeof(files)));
	memcpy(files, CMSG_DATA(cmsg), sizeof(files));
	for (int i = 0; i < HELLO_FILES; i++) {
		if (i != HELLO_BOARD)
			close(files[i]);
	}
	close(socks[0]);
	close(socks[1]);
	return files[HELLO_BOARD];
}

#define expect_refusal(call, error) \
	do { \
		errno = 0; \
		ck_assert_int_eq((long)(call), -1); \
		ck_assert_msg(errno == (error), "%s: %s", #call, strerror(errno)); \
	} while (0)

/* spec: design-sharing.md 1 "sealed FUTURE_WRITE|SHRINK|GROW|SEAL"; 4 "it cannot forge a signal" */
TEST(the_receiver_of_a_board_cannot_write_it)
{
	int fd = take_board_fd(), again;
	char path[32];
	void *map;

	expect_refusal(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	expect_refusal(pwrite(fd, "x", 1, 4096), EBADF);
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	expect_refusal(mprotect(map, 8192, PROT_READ | PROT_WRITE), EACCES);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(again, 0);
	expect_refusal(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0), EPERM);
	expect_refusal(pwrite(again, "x", 1, 4096), EPERM);
	expect_refusal(ftruncate(again, 0), EPERM);
	expect_refusal(ftruncate(again, 1 << 30), EPERM);
	expect_refusal(fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
	expect_refusal(fcntl(again, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	ck_assert_uint_eq(((struct board_header *)map)->magic, BOARD_MAGIC);
	munmap(map, 8192);
	close(again);
	close(fd);
}

/* spec: wire.h struct board_header, struct board_slot: what another version of the library will read */
TEST(a_board_says_what_it_is)
{
	struct dmabuf_timeline *timeline = new_timeline();
	struct dma_fence *a = issue(timeline), *b = issue(timeline);
	int fd = take_board_fd();
	struct board_header header;
	struct board_slot slot;

	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
	ck_assert_uint_eq(header.magic, BOARD_MAGIC);
	ck_assert_uint_eq(header.version, BOARD_VERSION);
	ck_assert_uint_eq(header.slot_size, 128);
	ck_assert_uint_eq(lseek(fd, 0, SEEK_END), BOARD_HEADER_SIZE + 128ul * header.num_slots);
	ck_assert_int_eq(pread(fd, &slot, sizeof(slot), BOARD_HEADER_SIZE), sizeof(slot));
	ck_assert_uint_eq(slot.ctx, a->context);
	ck_assert_uint_eq(slot.issued, 2);
	ck_assert_uint_eq(slot.signalled, 1);
	ck_assert_uint_eq(slot.event, 1);
	ck_assert_uint_eq(slot.err_count, 0);
	ck_assert_uint_eq(slot.history[0].seqno_error, 1ull << 16);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), 0);
	ck_assert_int_eq(pread(fd, &slot, sizeof(slot), BOARD_HEADER_SIZE), sizeof(slot));
	ck_assert_uint_eq(slot.signalled, 2);
	ck_assert_uint_eq(slot.err_count, 1);
	ck_assert_uint_eq(slot.history[1].seqno_error, 2ull << 16 | EIO);
	ck_assert_uint_gt(slot.history[1].time_ns, 0);
	put_fences(a, b);
	dmabuf_timeline_destroy(timeline);
	close(fd);
}
