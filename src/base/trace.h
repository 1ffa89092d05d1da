/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) for tracers such as bpftrace and perf. Built in when <sys/sdt.h> is there; a probe nobody listens to
 * costs one test of a counter that the tracer raises, and its arguments are not computed.
 */
#ifndef DMABUF_SRC_BASE_TRACE_H
#define DMABUF_SRC_BASE_TRACE_H

#ifdef HAVE_USDT
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

/* Once per probe and program: its counter. */
#define TRACE_DEFINE(provider, probe) \
	__extension__ unsigned short provider##_##probe##_semaphore __attribute__((unused, section(".probes")))
/* Wherever it is used. */
#define TRACE_DECLARE(provider, probe) extern unsigned short provider##_##probe##_semaphore
#define TRACE_IS_ON(provider, probe) \
	__builtin_expect(*(volatile unsigned short *)&provider##_##probe##_semaphore, 0)
#define TRACE4(provider, probe, a, b, c, d) DTRACE_PROBE4(provider, probe, a, b, c, d)
#else
#define TRACE_DEFINE(provider, probe) _Static_assert(1, "no probes in this build")
#define TRACE_DECLARE(provider, probe) _Static_assert(1, "no probes in this build")
#define TRACE_IS_ON(provider, probe) 0
#define TRACE4(provider, probe, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

#endif
