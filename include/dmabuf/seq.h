/* SPDX-License-Identifier: MIT */
/**
 * DOC: Text sinks
 *
 * Where functions put text that describe something: a bounded buffer that remembers how full it is. What does not fit is
 * left out, and the sink says so.
 */
#ifndef DMABUF_SEQ_H
#define DMABUF_SEQ_H

#include <dmabuf/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct dmabuf_seq - a buffer that text is added to
 * @buf: memory of the caller; ends with a zero byte once something was written
 * @size: size of @buf in bytes, the zero byte included
 * @count: characters in @buf; equal to @size when text was left out
 */
struct dmabuf_seq {
	char *buf;
	size_t size;
	size_t count;
};

/**
 * dmabuf_seq_printf() - add formatted text
 * @seq: where to
 * @format: as for printf()
 * @...: its arguments
 *
 * A piece that does not fit whole is cut off, and everything after it is left out.
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing; see dmabuf_seq_overflowed().
 * Source: ours; stands for seq_printf().
 */
DMABUF_API void dmabuf_seq_printf(struct dmabuf_seq *seq, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * dmabuf_seq_overflowed() - was text left out?
 * @seq: sink
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true if the buffer was too small.
 * Source: ours; stands for seq_has_overflowed().
 */
DMABUF_API bool dmabuf_seq_overflowed(const struct dmabuf_seq *seq);

#ifdef __cplusplus
}
#endif

#endif
