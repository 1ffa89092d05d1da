/* SPDX-License-Identifier: MIT */
/* Text that is written piece by piece into a buffer of the caller's. */
#ifndef KCOMPAT_LINUX_SEQ_FILE_H
#define KCOMPAT_LINUX_SEQ_FILE_H

#include <linux/compiler.h>

#include <dmabuf/seq.h>

#define seq_printf(seq, ...) dmabuf_seq_printf(seq, __VA_ARGS__)
#define seq_puts(seq, text) dmabuf_seq_printf(seq, "%s", text)
#define seq_putc(seq, letter) dmabuf_seq_printf(seq, "%c", letter)
#define seq_has_overflowed(seq) dmabuf_seq_overflowed(seq)

#endif
