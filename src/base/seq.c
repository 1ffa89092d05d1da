/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Bounded text sinks.
 *
 * Called by: functions that describe an object, with the formats of printf().
 *
 * Invariant: count is below size while all of the text is there, and equal to it from the first piece that did not fit.
 */
#include <stdarg.h>
#include <stdio.h>

#include <dmabuf/seq.h>

void dmabuf_seq_printf(struct dmabuf_seq *seq, const char *format, ...)
{
	va_list args;
	int len;

	if (seq->count >= seq->size)
		return;
	va_start(args, format);
	len = vsnprintf(seq->buf + seq->count, seq->size - seq->count, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= seq->size - seq->count)
		seq->count = seq->size;
	else
		seq->count += (size_t)len;
}

bool dmabuf_seq_overflowed(const struct dmabuf_seq *seq)
{
	return seq->count >= seq->size;
}
