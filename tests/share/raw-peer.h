/* SPDX-License-Identifier: MIT */
/* The other end of a connection, spoken by hand: a peer that says whatever a test wants it to say. */
#ifndef TESTS_SHARE_RAW_PEER_H
#define TESTS_SHARE_RAW_PEER_H

#include <dmabuf/share.h>

#include "src/share/wire.h"
#include "test.h"

#define RAW_SLOTS 16
#define RAW_FILES_MAX 253	/* what the kernel lets through in one message */

/* A HELLO as an honest peer would send it, to be spoiled before it goes out. */
struct raw_hello {
	struct {
		struct wire_hello hello;
		char more[16];
	} bytes;
	size_t size;
	int files[RAW_FILES_MAX];
	unsigned int num_files;
	bool anonymous;		/* do not tell who sends */
};

/* A peer that is connected. */
struct raw_peer {
	int sock, door;
	struct dmabuf_share *share;	/* the victim's side */
	char *board;
	struct board_slot *slots;
	uint32_t *bell;			/* ours, which the victim rings */
	uint32_t *their_bell;		/* the victim's */
	int their_door;
};

void raw_hello_init(struct raw_hello *h);
void raw_hello_close(struct raw_hello *h);
/* Send it and let the victim connect; the error, or 0 after closing the connection. */
int raw_hello_try(struct raw_hello *h);

/* A memory file: @size bytes, sealed against shrinking if @sealed. */
int raw_memory(size_t size, bool sealed);
int raw_board(uint32_t num_slots, size_t size);
/* Put another file in place of one of the HELLO's. */
void raw_hello_replace(struct raw_hello *h, enum wire_hello_file which, int fd);

void raw_connect(struct raw_peer *raw);
/* Ends both sides. */
void raw_close(struct raw_peer *raw);
/* Returns what sendmsg() did; the files stay the caller's. */
ssize_t raw_send(int sock, const void *bytes, size_t size, const int *files, unsigned int num_files, bool anonymous);
ssize_t raw_recv(int sock, void *bytes, size_t size, int *files, unsigned int *num_files);

#endif
