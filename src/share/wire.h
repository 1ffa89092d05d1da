/* SPDX-License-Identifier: MIT */
/*
 * Bytes that cross a process edge: messages on a connection, and the board in shared memory. Fixed width, little endian.
 * Whoever reads them copies first, then checks, then uses.
 */
#ifndef DMABUF_SRC_SHARE_WIRE_H
#define DMABUF_SRC_SHARE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire format is little endian and this version does not convert"
#endif

#define WIRE_MAGIC 0x46554244u /* "DBUF" */
#define WIRE_VERSION 1

enum wire_type {
	WIRE_HELLO = 1,	/* first message of both sides; files: board, bell, pidfd, door */
	WIRE_DATA = 2,	/* the program's bytes, buffers (one file each) and fences */
};

/* The files of a HELLO, in this order. */
enum wire_hello_file { HELLO_BOARD, HELLO_BELL, HELLO_PIDFD, HELLO_DOOR, HELLO_FILES };

struct wire_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t size;		/* of the whole message */
	uint32_t reserved;	/* 0 */
};
_Static_assert(sizeof(struct wire_header) == 16, "wire layout");

struct wire_hello {
	struct wire_header header;
	uint64_t features;	/* none yet: 0 */
};
_Static_assert(sizeof(struct wire_hello) == 24, "wire layout");

struct wire_buf {
	uint64_t size;		/* bytes of the buffer */
	uint64_t reserved;	/* 0 */
};
_Static_assert(sizeof(struct wire_buf) == 16, "wire layout");

enum wire_fence_kind {
	WIRE_FENCE_SIGNALED = 1,	/* done when it was sent: error is final, the rest 0 */
	WIRE_FENCE_TIMELINE = 2,	/* on a slot of the sender's board */
};

struct wire_fence {
	uint32_t kind;
	uint32_t slot;
	uint64_t ctx;
	uint64_t seqno;
	int32_t error;		/* 0 or a negative errno */
	uint32_t reserved;	/* 0 */
};
_Static_assert(sizeof(struct wire_fence) == 32, "wire layout");

/* Followed by num_bufs struct wire_buf, num_fences struct wire_fence, data_size bytes. */
struct wire_data {
	struct wire_header header;
	uint32_t data_size;
	uint16_t num_bufs;
	uint16_t num_fences;
};
_Static_assert(sizeof(struct wire_data) == 24, "wire layout");

#define BOARD_MAGIC 0x44524f42u /* "BORD" */
#define BOARD_VERSION 1
#define BOARD_HEADER_SIZE 4096u
#define BOARD_SLOT_SIZE 128u
#define BOARD_SLOTS 65536u
#define BOARD_SLOTS_MAX (1u << 20)	/* what a peer's board may have at most */

struct board_header {
	uint32_t magic;
	uint16_t version;
	uint16_t slot_size;
	uint32_t num_slots;
	uint32_t reserved;
};
_Static_assert(sizeof(struct board_header) == 16, "board layout");

#define HISTORY_ENTRIES 4
#define HISTORY_SEQNO_BITS 48

/* One advance: which seqno was reached, with what error, when. */
struct board_history {
	uint64_t seqno_error;	/* low 48 bits of the seqno << 16 | positive errno; 0: being written, or never used */
	uint64_t time_ns;	/* CLOCK_MONOTONIC */
};

enum board_slot_flags {
	BOARD_SLOT_TIMELINE = 1,	/* seqnos complete in order */
};

/*
 * One timeline. Written by its owner only. Order of a publication: history, signalled, event. A reader takes ctx,
 * signalled, ctx again: another ctx means that the slot was recycled, and so that everything of the old one is done.
 */
struct board_slot {
	uint64_t ctx;		/* 0: free */
	uint64_t issued;	/* last seqno given out */
	uint64_t signalled;	/* last seqno done */
	uint32_t event;		/* counts publications; never reset */
	uint32_t flags;
	uint32_t err_count;	/* errors ever published under this ctx */
	uint8_t reserved[28];
	struct board_history history[HISTORY_ENTRIES]; /* publication n stands in entry n % 4 */
};
_Static_assert(sizeof(struct board_slot) == BOARD_SLOT_SIZE, "board layout");
_Static_assert(offsetof(struct board_slot, history) == 64, "board layout");

/* What the importer wants when the owner publishes. */
enum bell_bits {
	BELL_SLEEPER = 1,	/* threads sleep on rings: wake them */
	BELL_DOOR = 2,		/* the service thread wants a byte through the door */
};

/*
 * The bell: the start of a page that an importer gives to an owner. The sleepers' word is not the one they ask by: it only
 * ever counts, so that a sleeper which was late for a ring cannot take another's request for its own.
 */
struct bell {
	uint32_t wanted;	/* enum bell_bits; set by the importer, taken by the owner */
	uint32_t rings;		/* counted by the owner; what sleepers sleep on */
};
_Static_assert(sizeof(struct bell) == 8, "bell layout");
#define BELL_SIZE 4096u

#endif
