/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_KERNEL_H
#define DMABUF_TOOL_BENCH_KERNEL_H

/* bench_kernel_ns() - what Linux takes for what the row @name does; 0: not known */
double bench_kernel_ns(const char *name);

/* BENCH_KERNEL_ADD_NS - atomic_add on the machine of those figures */
#define BENCH_KERNEL_ADD_NS 4.7

#endif
