/* SPDX-License-Identifier: MIT */
/*
 * A peer that lies. The victim, this process, answers an error, keeps no file of it, and goes on serving an honest peer
 * over another connection: every test ends with that.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "mock-fence.h"
#include "puppet.h"
#include "raw-peer.h"
#include "threads.h"

#define PAGE 4096ul
#define SOON (300 * MS)

static struct puppet honest;
static struct raw_peer raw;

static void start_honest(void)
{
	puppet_start(&honest);
	ask_ok(&honest, far_create, 0, 0);
}

/* The honest peer is served as if nothing had happened. */
static void end_honest(void)
{
	struct dma_fence *f = next_fence(&honest, 0), *g = next_fence(&honest, 0);
	struct mock_cb cb;

	ck_assert_int_eq(mock_cb_add(g, &cb), 0);
	tell(&honest, far_advance_soon, 0, (long)g->seqno);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	ck_assert_int_eq(answer(&honest), 0);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	put_fences(f, g);
	puppet_end(&honest);
}

/* --- HELLO --- */

/* spec: wire.h struct wire_hello: what the attacks below change is all that is wrong with them */
TEST(an_honest_hello_is_accepted)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	ck_assert_int_eq(raw_hello_try(&h), 0);
	end_honest();
}

static const struct {
	const char *what;
	size_t offset;
	unsigned char flip;
} hello_words[] = {
	{ "magic", offsetof(struct wire_header, magic), 1 },
	{ "version", offsetof(struct wire_header, version), 3 },
	{ "type data", offsetof(struct wire_header, type), WIRE_HELLO ^ WIRE_DATA },
	{ "type unknown", offsetof(struct wire_header, type), 0x40 },
	{ "size", offsetof(struct wire_header, size), 1 },
	{ "size's top", offsetof(struct wire_header, size) + 3, 0x80 },
	{ "reserved", offsetof(struct wire_header, reserved), 1 },
	{ "features", offsetof(struct wire_hello, features), 1 },
	{ "features' top", offsetof(struct wire_hello, features) + 7, 0x80 },
};

/* spec: share.h dmabuf_share_connect "-EPROTO it does not speak this protocol" */
TEST_EACH(a_hello_with_a_wrong_word_is_refused, 0, 9)
{
	struct raw_hello h;
	int ret;

	start_honest();
	raw_hello_init(&h);
	((unsigned char *)&h.bytes)[hello_words[_i].offset] ^= hello_words[_i].flip;
	ret = raw_hello_try(&h);
	ck_assert_msg(ret == -EPROTO, "%s: %d", hello_words[_i].what, ret);
	end_honest();
}

static const size_t hello_sizes[] = { 1, 15, 16, 23, 25, 40 };

/* spec: style.md 2 "length first"; share.h -EPROTO */
TEST_EACH(a_hello_of_another_length_is_refused, 0, 6)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	h.size = hello_sizes[_i];
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

/* spec: share.h dmabuf_share_connect; an empty message is no message, and its files are still files */
TEST_EACH(an_empty_hello_is_refused, 0, 2)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	h.size = 0;
	if (_i) {
		raw_hello_close(&h);
		h.num_files = 0;
	}
	ck_assert_int_lt(raw_hello_try(&h), 0);
	end_honest();
}

static const unsigned int file_counts[] = { 0, 1, 3, 5, 64, 65, 72, 253 };

/* spec: wire.h enum wire_hello_file; design-sharing.md 4 "make us hold more than its quota" */
TEST_EACH(a_hello_with_another_number_of_files_is_refused, 0, 8)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	while (h.num_files > file_counts[_i])
		close(h.files[--h.num_files]);
	while (h.num_files < file_counts[_i]) {
		h.files[h.num_files] = fcntl(h.files[0], F_DUPFD_CLOEXEC, 0);
		ck_assert_int_ge(h.files[h.num_files++], 0);
	}
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

static int pipe_end(void)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	return ends[0];
}

static int board_with(size_t offset, unsigned char flip)
{
	int fd = raw_board(RAW_SLOTS, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	unsigned char byte;

	ck_assert_int_eq(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= flip;
	ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)offset), 1);
	return fd;
}

static int bad_board(int kind)
{
	switch (kind) {
	case 0:
		return pipe_end();
	case 1:
		return raw_memory(BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE, false);
	case 2:
		return raw_memory(100, true);
	case 3: /* no header in it */
		return raw_memory(BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE, true);
	case 4:
		return raw_board(RAW_SLOTS, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE - 1);
	case 5:
		return raw_board(RAW_SLOTS, BOARD_HEADER_SIZE);
	case 6:
		return raw_board(0, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	case 7:
		return raw_board(BOARD_SLOTS_MAX + 1, BOARD_HEADER_SIZE + (BOARD_SLOTS_MAX + 1ul) * BOARD_SLOT_SIZE);
	case 8:
		return raw_board(UINT32_MAX, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	case 9:
		return board_with(offsetof(struct board_header, magic), 1);
	case 10:
		return board_with(offsetof(struct board_header, version), 2);
	case 11:
		return board_with(offsetof(struct board_header, slot_size), 0x40);
	case 12:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	default:
		return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	}
}

/* spec: design-sharing.md 1 "before mapping a peer's: F_GET_SEALS, size cap, no hugetlbfs" */
TEST_EACH(a_file_that_is_no_board_is_refused, 0, 14)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	raw_hello_replace(&h, HELLO_BOARD, bad_board(_i));
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

static int read_only(int fd)
{
	char path[32];
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return ret;
}

static int write_sealed(size_t size)
{
	int fd = raw_memory(size, true);

	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	return fd;
}

static int bad_bell(int kind)
{
	switch (kind) {
	case 0:
		return pipe_end();
	case 1:
		return raw_memory(BELL_SIZE, false);
	case 2:
		return raw_memory(BELL_SIZE - 1, true);
	case 3:
		return read_only(raw_memory(BELL_SIZE, true));
	case 4:
		return write_sealed(BELL_SIZE);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

/* spec: design-sharing.md 1 "the importer's sealed memfd, writable by both" */
TEST_EACH(a_file_that_is_no_bell_is_refused, 0, 6)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	raw_hello_replace(&h, HELLO_BELL, bad_bell(_i));
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

static int bad_pidfd(int kind)
{
	switch (kind) {
	case 0:
		return pipe_end();
	case 1:
		return (int)syscall(SYS_pidfd_open, honest.pid, 0);
	case 2:
		return (int)syscall(SYS_pidfd_open, 1, 0);
	case 3:
		return open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	default: /* one whose fdinfo the sender can write itself? A memfd has none of that. */
		return raw_memory(64, true);
	}
}

/* spec: design-sharing.md 3 "owner death is the pidfd, which travels with the board": of the sender and nobody else */
TEST_EACH(a_pidfd_that_is_not_the_senders_is_refused, 0, 5)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	raw_hello_replace(&h, HELLO_PIDFD, bad_pidfd(_i));
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

/* spec: design-sharing.md 2 "SO_PEERCRED": who does not say who he is is nobody */
TEST(a_hello_without_a_sender_is_refused)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	h.anonymous = true;
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

static int bad_door(int kind)
{
	static const int families[] = { AF_UNIX, AF_UNIX, AF_INET, AF_INET };
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_STREAM };

	return kind < 4 ? socket(families[kind], types[kind] | SOCK_CLOEXEC, 0) : pipe_end();
}

/* spec: connection.c "the door is a datagram socket, on which a send never blocks" */
TEST_EACH(a_file_that_is_no_door_is_refused, 0, 5)
{
	struct raw_hello h;

	start_honest();
	raw_hello_init(&h);
	raw_hello_replace(&h, HELLO_DOOR, bad_door(_i));
	ck_assert_int_eq(raw_hello_try(&h), -EPROTO);
	end_honest();
}

/* --- messages --- */

/* A message of one buffer and one fence, and ten bytes. */
struct raw_data {
	struct wire_data head;
	struct wire_buf buf;
	struct wire_fence fence;
	char bytes[10];
	char more[16];
} __attribute__((packed));

#define RAW_DATA_SIZE offsetof(struct raw_data, more)

static void data_init(struct raw_data *d)
{
	memset(d, 0, sizeof(*d));
	d->head.header = (struct wire_header){ WIRE_MAGIC, WIRE_VERSION, WIRE_DATA, RAW_DATA_SIZE, 0 };
	d->head.data_size = sizeof(d->bytes);
	d->head.num_bufs = 1;
	d->head.num_fences = 1;
	d->buf.size = PAGE;
	d->fence = (struct wire_fence){ .kind = WIRE_FENCE_TIMELINE, .slot = 0, .ctx = 5, .seqno = 1 };
}

static void start_hostile(void)
{
	start_honest();
	raw_connect(&raw);
	raw.slots[0].ctx = 5;
	raw.slots[0].issued = 1;
}

static void end_hostile(void)
{
	raw_close(&raw);
	end_honest();
}

struct got {
	struct dma_buf *bufs[4];
	struct dma_fence *fences[4];
	char bytes[64];
	struct dmabuf_share_msg msg;
};

static int victim_recv(struct got *got, signed long timeout)
{
	got->msg = (struct dmabuf_share_msg){
		.data = got->bytes, .size = sizeof(got->bytes), .bufs = got->bufs, .num_bufs = 4,
		.fences = got->fences, .num_fences = 4,
	};
	return dmabuf_share_recv(raw.share, &got->msg, timeout);
}

static void got_put(struct got *got)
{
	for (unsigned int i = 0; i < got->msg.num_bufs; i++)
		dma_buf_put(got->bufs[i]);
	for (unsigned int i = 0; i < got->msg.num_fences; i++)
		dma_fence_put(got->fences[i]);
}

/* Send bytes with files, which are closed here; what the victim makes of it. */
static int attack(const void *bytes, size_t size, const int *files, unsigned int num_files)
{
	struct got got;
	int ret;

	ck_assert_int_eq(raw_send(raw.sock, bytes, size, files, num_files, true), (int)size);
	for (unsigned int i = 0; i < num_files; i++)
		close(files[i]);
	ret = victim_recv(&got, 100 * MS);
	if (ret == 0)
		got_put(&got);
	return ret;
}

static int attack_with(const struct raw_data *d, int fd)
{
	ck_assert_int_ge(fd, 0);
	return attack(d, RAW_DATA_SIZE, &fd, 1);
}

/* spec: wire.h struct wire_data: what the attacks below change is all that is wrong with them */
TEST(an_honest_message_is_accepted)
{
	struct raw_data d;

	start_hostile();
	data_init(&d);
	ck_assert_int_eq(attack_with(&d, raw_memory(PAGE, true)), 0);
	end_hostile();
}

static const struct {
	const char *what;
	size_t offset;
	unsigned char flip;
} data_words[] = {
	{ "magic", offsetof(struct wire_header, magic), 1 },
	{ "version", offsetof(struct wire_header, version), 3 },
	{ "type hello", offsetof(struct wire_header, type), WIRE_HELLO ^ WIRE_DATA },
	{ "type unknown", offsetof(struct wire_header, type) + 1, 1 },
	{ "size", offsetof(struct wire_header, size), 1 },
	{ "reserved", offsetof(struct wire_header, reserved), 1 },
	{ "fewer bytes", offsetof(struct wire_data, data_size), 10 ^ 9 },
	{ "more bytes", offsetof(struct wire_data, data_size), 10 ^ 11 },
	{ "far more bytes", offsetof(struct wire_data, data_size) + 3, 0xff },
	{ "no buffer", offsetof(struct wire_data, num_bufs), 1 },
	{ "two buffers", offsetof(struct wire_data, num_bufs), 3 },
	{ "many buffers", offsetof(struct wire_data, num_bufs) + 1, 0xff },
	{ "no fence", offsetof(struct wire_data, num_fences), 1 },
	{ "two fences", offsetof(struct wire_data, num_fences), 3 },
	{ "many fences", offsetof(struct wire_data, num_fences) + 1, 0xff },
	{ "buffer reserved", offsetof(struct raw_data, buf.reserved), 1 },
	{ "buffer larger than file", offsetof(struct raw_data, buf.size) + 2, 1 },
	{ "buffer huge", offsetof(struct raw_data, buf.size) + 7, 0x80 },
	{ "fence reserved", offsetof(struct raw_data, fence.reserved), 1 },
	{ "fence kind 0", offsetof(struct raw_data, fence.kind), WIRE_FENCE_TIMELINE },
	{ "fence kind 3", offsetof(struct raw_data, fence.kind), WIRE_FENCE_TIMELINE ^ 3 },
	{ "fence kind huge", offsetof(struct raw_data, fence.kind) + 3, 0x80 },
	{ "slot out of range", offsetof(struct raw_data, fence.slot), RAW_SLOTS },
	{ "slot huge", offsetof(struct raw_data, fence.slot) + 3, 0xff },
	{ "context 0", offsetof(struct raw_data, fence.ctx), 5 },
	{ "seqno 0", offsetof(struct raw_data, fence.seqno), 1 },
	{ "seqno beyond issued", offsetof(struct raw_data, fence.seqno), 3 },
	{ "seqno 2^63", offsetof(struct raw_data, fence.seqno) + 7, 0x80 },
	{ "error positive", offsetof(struct raw_data, fence.error), 5 },
	{ "error huge", offsetof(struct raw_data, fence.error) + 3, 0x80 },
};

/* spec: share.h dmabuf_share_recv "everything received is checked before use"; design-sharing.md 1 "seqno > issued" */
TEST_EACH(a_message_with_a_wrong_word_is_refused, 0, 30)
{
	struct raw_data d;
	int ret;

	start_hostile();
	data_init(&d);
	((unsigned char *)&d)[data_words[_i].offset] ^= data_words[_i].flip;
	ret = attack_with(&d, raw_memory(PAGE, true));
	ck_assert_msg(ret == -EPROTO, "%s: %d", data_words[_i].what, ret);
	end_hostile();
}

static const size_t data_sizes[] = { 1, 16, 23, 24, 40, RAW_DATA_SIZE - 1, RAW_DATA_SIZE + 1 };

/* spec: share.h dmabuf_share_recv -EPROTO: truncated, or longer than it says */
TEST_EACH(a_message_of_another_length_is_refused, 0, 7)
{
	struct raw_data d;
	int fd;

	start_hostile();
	data_init(&d);
	fd = raw_memory(PAGE, true);
	ck_assert_int_eq(attack(&d, data_sizes[_i], &fd, 1), -EPROTO);
	end_hostile();
}

/* spec: share.h -EPROTO; more than any message can be */
TEST(an_oversized_message_is_refused)
{
	static char huge[32768];
	int files[3];

	start_hostile();
	data_init((struct raw_data *)huge);
	((struct raw_data *)huge)->head.header.size = sizeof(huge);
	for (int i = 0; i < 3; i++)
		files[i] = raw_memory(PAGE, true);
	ck_assert_int_eq(attack(huge, sizeof(huge), files, 3), -EPROTO);
	end_hostile();
}

static const unsigned int data_file_counts[] = { 0, 2, 63, 64, 65, 72, 253 };

/* spec: wire.h "buffers (one file each)": no more, no fewer */
TEST_EACH(a_message_with_another_number_of_files_is_refused, 0, 7)
{
	int files[RAW_FILES_MAX];
	struct raw_data d;

	start_hostile();
	data_init(&d);
	for (unsigned int i = 0; i < data_file_counts[_i]; i++)
		files[i] = raw_memory(PAGE, true);
	ck_assert_int_eq(attack(&d, RAW_DATA_SIZE, files, data_file_counts[_i]), -EPROTO);
	end_hostile();
}

/* spec: design-sharing.md 4 "make us hold more than its quota": an empty message looks like an end, but has files */
TEST(an_empty_message_with_files_leaves_no_file_behind)
{
	int files[64];

	start_hostile();
	for (unsigned int i = 0; i < 64; i++)
		files[i] = raw_memory(PAGE, true);
	ck_assert_int_lt(attack("", 0, files, 64), 0);
	end_hostile();
}

static int bad_buffer(int kind)
{
	switch (kind) {
	case 0:
		return pipe_end();
	case 1:
		return raw_memory(PAGE, false);
	case 2:
		return raw_memory(PAGE - 1, true);
	case 3:
		return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	case 4:
		return open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 5:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case 6:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	default:
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
}

/* spec: share.h dmabuf_share_recv "kinds, seals and sizes of files" */
TEST_EACH(a_file_that_is_no_buffer_is_refused, 0, 8)
{
	struct raw_data d;

	start_hostile();
	data_init(&d);
	ck_assert_int_eq(attack_with(&d, bad_buffer(_i)), -EPROTO);
	end_hostile();
}

/* spec: share.h dmabuf_share_recv; a buffer of no bytes is none */
TEST(a_buffer_of_no_size_is_refused)
{
	struct raw_data d;

	start_hostile();
	data_init(&d);
	d.buf.size = 0;
	ck_assert_int_eq(attack_with(&d, raw_memory(PAGE, true)), -EPROTO);
	end_hostile();
}

/* spec: design.md D6 "identity is the inode": a known file with another size is a lie */
TEST(a_known_buffer_with_another_size_is_refused)
{
	struct raw_data d;
	struct got got;
	int fd;

	start_hostile();
	data_init(&d);
	fd = raw_memory(2 * PAGE, true);
	ck_assert_int_eq(raw_send(raw.sock, &d, RAW_DATA_SIZE, &fd, 1, true), RAW_DATA_SIZE);
	ck_assert_int_eq(victim_recv(&got, 0), 0);
	d.buf.size = 2 * PAGE;
	ck_assert_int_eq(attack(&d, RAW_DATA_SIZE, &fd, 1), -EPROTO);
	ck_assert_uint_eq(got.bufs[0]->size, PAGE);
	got_put(&got);
	end_hostile();
}

/* spec: design-sharing.md 4: a file that may not be written is no way to a fault */
TEST_EACH(a_buffer_that_cannot_be_written_is_not_mapped_for_writing, 0, 3)
{
	struct raw_data d;
	struct got got;
	int fd;

	start_hostile();
	data_init(&d);
	fd = _i == 0 ? read_only(raw_memory(PAGE, true)) : _i == 1 ? write_sealed(PAGE) : read_only(write_sealed(PAGE));
	ck_assert_int_eq(raw_send(raw.sock, &d, RAW_DATA_SIZE, &fd, 1, true), RAW_DATA_SIZE);
	close(fd);
	ck_assert_int_eq(victim_recv(&got, 0), 0);
	ck_assert_int_eq(buf_poke(got.bufs[0], 0, 1), -EACCES);
	got_put(&got);
	end_hostile();
}

/* A message with two of each, the second one spoiled by the caller. */
struct raw_twice {
	struct wire_data head;
	struct wire_buf bufs[2];
	struct wire_fence fences[2];
};

static void twice_init(struct raw_twice *t)
{
	memset(t, 0, sizeof(*t));
	t->head.header = (struct wire_header){ WIRE_MAGIC, WIRE_VERSION, WIRE_DATA, sizeof(*t), 0 };
	t->head.num_bufs = 2;
	t->head.num_fences = 2;
	t->bufs[0].size = t->bufs[1].size = PAGE;
	t->fences[0] = t->fences[1] = (struct wire_fence){ .kind = WIRE_FENCE_TIMELINE, .ctx = 5, .seqno = 1 };
}

/* spec: message.c "what was received when a later part turns out wrong is given back" */
TEST_EACH(what_came_before_the_wrong_part_is_given_back, 0, 4)
{
	int files[2] = { raw_memory(PAGE, true), _i == 0 ? pipe_end() : raw_memory(PAGE, true) };
	struct raw_twice t;

	start_hostile();
	twice_init(&t);
	if (_i == 1)
		t.bufs[1].size = 0;
	if (_i == 2)
		t.fences[1].seqno = 2;
	if (_i == 3)
		t.fences[1].reserved = 1;
	ck_assert_int_eq(attack(&t, sizeof(t), files, 2), -EPROTO);
	raw_close(&raw);
	/* The two files were open before the first count. */
	honest.fds_here -= 2;
	end_honest();
}

/* spec: wire.h WIRE_FENCE_SIGNALED "error is final": within the numbers that are errors */
TEST_EACH(a_done_fence_with_a_wrong_error_is_refused, 0, 3)
{
	static const int wrong[] = { 1, -4096, INT32_MIN };
	struct raw_data d;

	start_hostile();
	data_init(&d);
	d.fence = (struct wire_fence){ .kind = WIRE_FENCE_SIGNALED, .error = wrong[_i] };
	ck_assert_int_eq(attack_with(&d, raw_memory(PAGE, true)), -EPROTO);
	end_hostile();
}

/* --- lies on the board --- */

static struct dma_fence *hostile_fence(uint64_t ctx, uint64_t seqno)
{
	struct {
		struct wire_data head;
		struct wire_fence fence;
	} d = {
		.head = { .header = { WIRE_MAGIC, WIRE_VERSION, WIRE_DATA, sizeof(d), 0 }, .num_fences = 1 },
		.fence = { .kind = WIRE_FENCE_TIMELINE, .ctx = ctx, .seqno = seqno },
	};
	struct dma_fence *fence = NULL;

	ck_assert_int_eq(raw_send(raw.sock, &d, sizeof(d), NULL, 0, true), sizeof(d));
	ck_assert_int_eq(share_receive(raw.share, NULL, &fence, 0), 0);
	return fence;
}

/* spec: design-sharing.md 1 "ctx mismatch = signalled": it can only end its own fence, and early */
TEST(a_fence_of_a_slot_that_is_anothers_is_done)
{
	struct dma_fence *f;

	start_hostile();
	f = hostile_fence(77, 1);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
	end_hostile();
}

/* spec: fence.md 3 "a fence never becomes unsignalled", whatever its owner writes */
TEST(a_board_that_goes_backwards_does_not_undo_a_signal)
{
	struct dma_fence *f;

	start_hostile();
	f = hostile_fence(5, 1);
	ck_assert(!dma_fence_is_signaled(f));
	raw.slots[0].signalled = 1;
	ck_assert(dma_fence_is_signaled(f));
	raw.slots[0].signalled = 0;
	raw.slots[0].issued = 0;
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, 0), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
	end_hostile();
}

/* spec: design-sharing.md 4 "everything from shared memory ... is copied, then checked": an error is -1 to -4095 */
TEST_EACH(an_error_on_the_board_that_is_none_is_not_believed, 0, 3)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_hostile();
	f = hostile_fence(5, 1);
	if (_i == 2)
		ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	raw.slots[0].history[0].time_ns = UINT64_MAX;
	raw.slots[0].history[0].seqno_error = 1ull << 16 | 0xffff;
	raw.slots[0].err_count = 1;
	raw.slots[0].event = 1;
	raw.slots[0].signalled = 1;
	ck_assert_int_eq(send(raw.their_door, "", 1, 0), 1);
	if (_i == 0)
		ck_assert(dma_fence_is_signaled(f));
	if (_i == 1)
		ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	if (_i == 2)
		ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	ck_assert_int_ge(dma_fence_get_status(f), -4095);
	ck_assert_int_le(dma_fence_get_status(f), 1);
	/* And an honest process to which it is passed on does not take us for a liar. */
	ck_assert_int_eq(send_fence(honest.share, f), 0);
	ask_ok(&honest, far_fence_receive, 0, 0);
	dma_fence_put(f);
	end_hostile();
}

static long scribble(void *data)
{
	struct dice dice;

	dice_init(&dice, 1);
	while (!__atomic_load_n((bool *)data, __ATOMIC_RELAXED)) {
		uint64_t *word = (uint64_t *)&raw.slots[0] + dice_below(&dice, sizeof(raw.slots[0]) / 8);

		__atomic_store_n(word, dice_below(&dice, 4), __ATOMIC_RELAXED);
		__atomic_store_n(raw.their_bell, dice_below(&dice, 4), __ATOMIC_RELAXED);
		if (dice_below(&dice, 100) == 0)
			send(raw.their_door, "", 1, MSG_DONTWAIT);
	}
	return 0;
}

/* spec: design-sharing.md 1 "a liar harms itself": its fences may do anything but hang us or break the process */
TEST(a_board_that_changes_all_the_time_ends_every_wait)
{
	struct actor liar;
	struct dma_fence *f;
	struct mock_cb cb;
	bool stop = false;
	int64_t end = now_ns() + 500 * MS;

	start_hostile();
	actor_start(&liar);
	actor_go(&liar, scribble, &stop);
	while (now_ns() < end) {
		__atomic_store_n(&raw.slots[0].ctx, 99, __ATOMIC_RELAXED);
		f = hostile_fence(5, UINT64_MAX);
		if (f) {
			dma_fence_add_callback(f, &cb.base, mock_cb_func);
			dma_fence_wait_timeout(f, false, 2 * MS);
			dma_fence_get_status(f);
			dma_fence_remove_callback(f, &cb.base);
			dma_fence_put(f);
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ck_assert_int_eq(actor_result(&liar), 0);
	actor_stop(&liar);
	raw.slots[0].ctx = 0;
	send(raw.their_door, "", 1, 0);
	sleep_ms(20);
	end_hostile();
}

/* --- floods --- */

/* spec: design-sharing.md 4; style.md 5 "every resource another process can make us hold has a limit" */
TEST(a_flood_of_garbage_is_answered_with_errors)
{
	unsigned char bytes[6000];
	struct dice dice;
	struct got got;

	start_hostile();
	dice_init(&dice, 0);
	for (int i = 0; i < 5000; i++) {
		unsigned int size = dice_below(&dice, dice_below(&dice, 4) ? 100 : sizeof(bytes) - 1) + 1;
		int ret;

		for (unsigned int j = 0; j < size; j++)
			bytes[j] = (unsigned char)dice_below(&dice, 256);
		ck_assert_int_eq(raw_send(raw.sock, bytes, size, &raw.sock, dice_below(&dice, 2), true), (int)size);
		ret = victim_recv(&got, 0);
		ck_assert_msg(ret == -EPROTO, "garbage was received with %d", ret);
	}
	end_hostile();
}

/* spec: as above; almost right is worse than garbage */
TEST(a_flood_of_spoiled_messages_breaks_nothing)
{
	struct dice dice;
	struct got got;
	int accepted = 0;

	start_hostile();
	dice_init(&dice, 0);
	for (int i = 0; i < 5000; i++) {
		int files[2] = { raw_memory(PAGE, dice_below(&dice, 8)), raw.sock };
		struct raw_data d;
		int ret;

		data_init(&d);
		for (unsigned int j = dice_below(&dice, 4); j; j--)
			((unsigned char *)&d)[dice_below(&dice, RAW_DATA_SIZE)] ^= 1u << dice_below(&dice, 8);
		ck_assert_int_ge(raw_send(raw.sock, &d, RAW_DATA_SIZE - !dice_below(&dice, 16), files,
					  1 + !dice_below(&dice, 16), true), 0);
		close(files[0]);
		ret = victim_recv(&got, 0);
		ck_assert_msg(ret == 0 || ret == -EPROTO || ret == -EMSGSIZE, "spoiled message received with %d", ret);
		if (ret == 0) {
			accepted++;
			got_put(&got);
		}
	}
	ck_assert_int_gt(accepted, 100);
	end_hostile();
}

static int knock_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		send(raw.their_door, "", 1, 0);
	return 0;
}

#define KNOCKERS 4
#define ROUNDS 40

/* spec: design-sharing.md 4 "delay us beyond a bound": one peer's knocking does not starve another's callbacks */
TEST(a_flood_at_the_door_does_not_stop_the_service_thread)
{
	pid_t knockers[KNOCKERS];
	int64_t total = 0;

	start_hostile();
	fcntl(raw.their_door, F_SETFL, 0);
	for (int i = 0; i < KNOCKERS; i++)
		knockers[i] = child_start(knock_for_ever, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct dma_fence *f = next_fence(&honest, 0);
		struct mock_cb cb;
		int64_t start;

		ck_assert_int_eq(mock_cb_add(f, &cb), 0);
		ask_ok(&honest, far_advance, 0, (long)f->seqno);
		start = now_ns();
		ck_assert_msg(EVENTUALLY(mock_cb_ran(&cb)), "no callback in two seconds, round %d", i);
		total += now_ns() - start;
		dma_fence_put(f);
	}
	dprintf(1, "# a callback takes %" PRId64 " us\n", total / ROUNDS / 1000);
	for (int i = 0; i < KNOCKERS; i++) {
		kill(knockers[i], SIGKILL);
		child_end(knockers[i]);
	}
	/* The knockers take the processors as well, but a turn of theirs is some milliseconds. */
	ck_assert_int_lt(total / ROUNDS, 15 * MS);
	end_hostile();
}

/* spec: share.h dmabuf_share_send: a peer that does not read costs the time asked for */
TEST(a_peer_that_does_not_read_does_not_hold_us)
{
	struct dmabuf_timeline *mine;
	struct dma_fence *f;
	int64_t start;

	start_hostile();
	mine = dmabuf_timeline_create("near");
	expect_ptr(mine);
	f = dmabuf_timeline_fence(mine);
	while (send_fence(raw.share, f) == 0 && dmabuf_share_send(raw.share, &(struct dmabuf_share_msg){ 0 }, 0) == 0)
		;
	/* All bells and doors of it are ours to ring, and nobody answers. */
	__atomic_store_n(raw.bell, BELL_SLEEPER | BELL_DOOR, __ATOMIC_SEQ_CST);
	start = now_ns();
	ck_assert_int_eq(dmabuf_timeline_advance(mine, 1), 0);
	for (int i = 2; i < 1000; i++) {
		dma_fence_put(dmabuf_timeline_fence(mine));
		__atomic_store_n(raw.bell, BELL_SLEEPER | BELL_DOOR, __ATOMIC_SEQ_CST);
		ck_assert_int_eq(dmabuf_timeline_advance(mine, (uint64_t)i), 0);
	}
	ck_assert_int_lt(now_ns() - start, 500 * MS);
	dma_fence_put(f);
	dmabuf_timeline_destroy(mine);
	end_hostile();
}
