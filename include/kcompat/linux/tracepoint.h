/* SPDX-License-Identifier: MIT */
/* Tracepoints of drivers. Nobody can turn one on here, so that calling one does nothing, as when it is off. */
#ifndef KCOMPAT_LINUX_TRACEPOINT_H
#define KCOMPAT_LINUX_TRACEPOINT_H

#include <linux/compiler.h>

#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...) __VA_ARGS__
#define TRACE_EVENT(name, proto, args, fields, assign, print)          \
	static inline __maybe_unused bool trace_##name##_enabled(void) \
	{                                                              \
		return false;                                          \
	}                                                              \
	static inline __maybe_unused void trace_##name(proto)          \
	{                                                              \
	}

#endif
